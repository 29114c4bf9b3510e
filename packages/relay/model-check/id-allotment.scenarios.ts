import { defineScenario, namesOfRegion, supervisor, thread } from "@udp-relay/model-check";
import { TunnelClientTable, type TunnelClientTableHandle } from "@udp-relay/tunnel-client";
import { IdAllotment } from "../src/cncnet/id-allotment.ts";
import { RelayMemory } from "../src/shared/relay-memory.ts";

const touches = ["cncnet/id-allotment", "shared/relay-control"].map(
  (name) => `packages/relay/src/${name}.ts`,
);
const patience = { lockSpins: 1, restSpins: 1 };
const TIMEOUT_MS = 8;
const CAPACITY = 2;

interface Shared {
  readonly clients: TunnelClientTableHandle;
  readonly memory: RelayMemory["shared"];
  readonly table: TunnelClientTable;
}

interface User {
  readonly table: TunnelClientTable;
  readonly allotment: IdAllotment;
}

/** A table with room for two, of which everybody wants two. */
function setup(): Shared {
  const table = TunnelClientTable.create({
    capacity: CAPACITY,
    timeoutMs: TIMEOUT_MS,
    key: "u32",
    shards: 1,
    workers: 1,
    batch: 2,
    owners: 12,
    expiryQueue: 2,
    patience,
  });
  table.beat(0);
  const memory = RelayMemory.create({ workers: 1, slots: 1, pingPrefixes: 8, pairs: 8 });
  return { clients: table.shared, memory: memory.shared, table };
}

function attach({ clients, memory }: Shared, firstId = 1): User {
  const table = TunnelClientTable.attach(clients, { patience });
  let id = firstId - 1;
  const draw = (): number => (id = (id % 3) + 1);
  return { table, allotment: new IdAllotment(table, RelayMemory.attach(memory).control, { draw, spins: 2 }) };
}

const answer = (ids: ReturnType<IdAllotment["allot"]>): string | number =>
  typeof ids === "string" ? ids : ids.length;

const allotters = [1, 2].map((number) =>
  thread(
    `allotter ${number}`,
    (shared: Shared) => attach(shared, number),
    ({ allotment }: User, call) => call("allot", [CAPACITY], () => answer(allotment.allot(CAPACITY, 0))),
  ),
);

/** Some hundred steps a thread. */
const mode = { runs: 500, longRuns: 20_000, seed: 26, depth: 4 };

/** The place alone; `draining` says that owner 1 is dead. */
const places = (): Pick<Shared, "memory"> => ({
  memory: RelayMemory.create({ workers: 1, slots: 1, pingPrefixes: 8, pairs: 8 }).shared,
});
const occupied = (): Pick<Shared, "memory"> => {
  const shared = places();
  RelayMemory.attach(shared.memory).control.enterAllotment(1, () => true, 0);
  return shared;
};
const attachControl = ({ memory }: Pick<Shared, "memory">): Pick<RelayMemory, "control"> =>
  RelayMemory.attach(memory);
const aliveBy =
  (control: RelayMemory["control"]) =>
  (owner: number): boolean =>
    owner !== 1 || !control.draining;

/** Inside, it turns a switch over in two steps: of two at once, one turn is lost. */
const turnOverInside =
  (owner: number, spins: number) =>
  ({ control }: Pick<RelayMemory, "control">): boolean => {
    if (!control.enterAllotment(owner, aliveBy(control), spins)) return false;
    control.maintenance = !control.maintenance;
    control.leaveAllotment();
    return true;
  };

export default [
  defineScenario({
    name: "id allotment: two threads, each gets all of its ids or none",
    touches,
    names: ({ table }) => namesOfRegion(table.region, {}),
    setup,
    threads: allotters,
    mode,
    check: ({ results, shared }) => {
      const answers = [...results.values()];
      const granted = answers.filter((result) => result === CAPACITY).length;
      if (granted > 1) return "both were given ids of a table that has room for one of them";
      if (granted === 0 && answers.includes("full")) return "one was told that it is full, of nobody";
      return shared.table.size === granted * CAPACITY ? undefined : `${shared.table.size} slots are taken`;
    },
  }),
  defineScenario({
    name: "id allotment: killed anywhere, the next one allots, and what was told nobody times out",
    touches,
    names: ({ table }) => namesOfRegion(table.region, {}),
    setup,
    threads: allotters.slice(0, 1),
    interruption: "kill",
    mode,
    supervisor: supervisor(attach, ({ table }, _call, killed) => {
      // Each thread claims two entries of the table's owners, in the order of the threads; `setup` was first.
      const number = Number(killed.at(-1));
      const { region } = table;
      for (const { id, index } of region.owners())
        if (Math.floor(index / 2) === number) region.declareDead(id);
      region.repairDead(region.claimOwner("supervisor"));
    }),
    check: ({ shared, interrupted }) => {
      const { table, allotment } = attach(shared);
      if (interrupted === undefined) return table.size === CAPACITY ? undefined : "the ids are not there";
      table.beat(2 * TIMEOUT_MS);
      const ids = allotment.allot(CAPACITY, 2 * TIMEOUT_MS);
      return typeof ids === "string" ? `the next one is told ${ids}` : undefined;
    },
  }),
  defineScenario({
    name: "id allotment: one at a time is inside, and whoever leaves lets the next one in",
    touches,
    setup: places,
    threads: [1, 2].map((owner) => thread(`owner ${owner}`, attachControl, turnOverInside(owner, 2))),
    check: ({ results, shared: { memory } }) => {
      const { control } = RelayMemory.attach(memory);
      const entered = [...results.values()].filter((result) => result === true).length;
      if (entered === 0) return "nobody was let in";
      if (control.maintenance !== (entered === 1)) return "two were inside at once";
      return control.enterAllotment(3, () => true, 0) ? undefined : "the place is still taken";
    },
  }),
  defineScenario({
    name: "id allotment: a place that is left after the first look is entered at the next",
    touches,
    setup: occupied,
    threads: [
      thread("owner 2", attachControl, ({ control }) => {
        let looks = 0;
        const left = control.enterAllotment(2, () => (looks++ === 0 && control.leaveAllotment(), true), 1);
        return [left, looks].join();
      }),
    ],
    check: ({ results }) =>
      results.get("owner 2") === "true,1" ? undefined : `entered, looks: ${String(results.get("owner 2"))}`,
  }),
  defineScenario({
    name: "id allotment: a place is left while another announces itself: one of them sees the other",
    touches,
    setup: occupied,
    threads: [
      thread("owner 1", attachControl, ({ control }) => {
        control.leaveAllotment();
        return control.draining;
      }),
      thread("owner 2", attachControl, ({ control }) => {
        control.draining = true;
        return control.enterAllotment(2, () => true, 0);
      }),
    ],
    check: ({ results }) => ([...results.values()].includes(true) ? undefined : "neither sees the other"),
  }),
  defineScenario({
    name: "id allotment: killed inside, one of two takes the place over once the death is declared",
    touches,
    setup: places,
    threads: [
      thread("owner 1", attachControl, ({ control }) => control.enterAllotment(1, aliveBy(control), 0)),
      thread("owner 2", attachControl, turnOverInside(2, 0)),
    ],
    interruption: "kill",
    interruptible: ["owner 1"],
    supervisor: supervisor(attachControl, ({ control }) => {
      control.draining = true;
      return turnOverInside(3, 0)({ control });
    }),
    check: ({ results, shared: { memory }, interrupted }) => {
      const { control } = RelayMemory.attach(memory);
      if (interrupted === undefined) {
        const [one, two] = [results.get("owner 1"), results.get("owner 2")];
        return one === true || two === true ? undefined : "nobody was let in";
      }
      const entered = ["owner 2", "supervisor"].filter((name) => results.get(name) === true).length;
      if (entered === 0) return "a dead one keeps the place";
      if (control.maintenance !== (entered === 1)) return "two were inside at once";
      return control.enterAllotment(4, aliveBy(control), 0) ? undefined : "the place is still taken";
    },
  }),
];
