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
const mode = { runs: 4_000, seed: 26, depth: 4 };

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
];
