import { defineScenario, thread } from "@udp-relay/model-check";
import type { NamedRange, Scenario } from "@udp-relay/model-check";
import { load, store } from "@udp-relay/atomics-layout/memory";
import { attachRegion, createRegion } from "@udp-relay/atomics-layout";
import type { Region, RegionHandle } from "@udp-relay/atomics-layout";
import { DEAD, FREE, LIVE, OwnerTable, TAKEN } from "../src/owner-table.ts";

// On the table itself: there, unlike through a region, each thread has a thread id of its own.
const plan = {
  name: "Table",
  hash: 8,
  capacity: 1,
  owners: 2,
  sections: [{ name: "records", byteLength: 64 }],
};
const touches = ["packages/atomics-layout/src/owner-table.ts"];
const ENDED = 7;
const SUPERVISOR = 8;
const NEWCOMER = 9;

interface Shared {
  readonly region: Region;
  readonly handle: RegionHandle;
  /** Of the thread that has ended: it has entry 0. */
  readonly victim: number;
  /** Of whoever repairs: it has entry 1. */
  readonly taker: number;
}

interface Attached {
  readonly table: OwnerTable;
  readonly region: Region;
  readonly victim: number;
  readonly taker: number;
}

const tableOf = (region: Region): OwnerTable =>
  new OwnerTable(region.words, region.ops, region.ownerJournalIndex(0) * 4 - 64, plan.owners);

function setup(prepare: (table: OwnerTable, victim: number, taker: number) => void = () => {}): Shared {
  const region = createRegion(plan);
  const table = tableOf(region);
  const [victim, taker] = [table.claim(ENDED), table.claim(SUPERVISOR)];
  store(region.words, table.journalIndex(0), 1);
  prepare(table, victim, taker);
  return { region, handle: region.shared, victim, taker };
}

function attach({ handle, victim, taker }: Shared): Attached {
  const region = attachRegion(handle, plan);
  return { table: tableOf(region), region, victim, taker };
}

function names({ region }: Shared): NamedRange[] {
  const fields = { state: 0, thread: 4, lastSeen: 8, label: 32, journal: 64 };
  const byteOffset = region.ownerJournalIndex(0) * 4 - 64;
  return [{ memory: region.memory, name: "owner", byteOffset, byteLength: 256, stride: 128, fields }];
}

function declareEnded({ table }: Attached): number {
  let declared = 0;
  for (let index = 0; index < table.length; index++) {
    if (table.declareThreadDead(index, ENDED)) declared++;
  }
  return declared;
}

const announcement = (region: Region): number => region.section("records").byteOffset >>> 2;

export default [
  defineScenario({
    name: "two supervisors declare one thread's end, one of them repairs, a newcomer claims: no living owner is declared",
    touches,
    setup: () => setup(),
    names,
    threads: [
      thread("repairing supervisor", attach, (attached: Attached) => {
        const { table, taker } = attached;
        const declared = declareEnded(attached);
        const id = table.takeOver(0, taker);
        return { declared, repaired: id !== 0 && table.finish(id, taker) };
      }),
      thread("other supervisor", attach, (attached: Attached) => declareEnded(attached)),
      thread("newcomer", attach, ({ table }: Attached) => table.claim(NEWCOMER)),
    ],
    check: ({ results, shared: { region, victim, taker } }) => {
      const table = tableOf(region);
      const { declared, repaired } = results.get("repairing supervisor") as {
        declared: number;
        repaired: boolean;
      };
      const all = declared + (results.get("other supervisor") as number);
      if (all !== 1) return `declared ${all} times`;
      if (!repaired) return "the dead owner was not repaired";
      if (table.isAlive(victim) || !table.isAlive(taker)) return "the wrong owner is alive";
      const claimed = results.get("newcomer") as number;
      if (claimed === 0) return table.state(0) === FREE ? undefined : "the repaired entry is not free";
      if (!table.isAlive(claimed) || table.threadId(0) !== NEWCOMER)
        return "the living newcomer was declared dead";
      return load(region.words, table.journalIndex(0)) === 0 ? undefined : "the newcomer has an old journal";
    },
  }),

  defineScenario({
    name: "only the taker finishes a repair",
    touches,
    setup: () => setup((table, victim) => table.declareDead(victim)),
    names,
    threads: [
      thread("taker", attach, ({ table, taker }: Attached) => table.takeOver(0, taker)),
      thread("another", attach, ({ table, victim }: Attached) => table.finish(victim, victim)),
    ],
    check: ({ results, shared: { region, victim } }) => {
      const table = tableOf(region);
      if (results.get("taker") !== victim || table.state(0) !== TAKEN) return "it was not taken over";
      if (results.get("another") !== false) return "another finished it";
      return load(region.words, table.journalIndex(0)) === 1 ? undefined : "its journal is gone";
    },
  }),

  defineScenario({
    name: "a release after the declaration leaves the journal to the repairer",
    touches,
    setup: () => setup((table, victim) => table.declareDead(victim)),
    names,
    threads: [
      thread("late", attach, ({ table, victim }: Attached) => [
        table.release(victim),
        table.declareDead(victim),
      ]),
      thread("looking", attach, ({ table, victim }: Attached) => table.isAlive(victim)),
    ],
    check: ({ results, shared: { region } }) => {
      if (String(results.get("late")) !== "false,false")
        return `released, declared: ${String(results.get("late"))}`;
      if (results.get("looking") !== false || tableOf(region).state(0) !== DEAD)
        return "the dead owner is alive";
      return load(region.words, tableOf(region).journalIndex(0)) === 1 ? undefined : "its journal is gone";
    },
  }),

  defineScenario({
    name: "a taker's death is declared while another announces itself: one of them sees the other",
    touches,
    setup: () =>
      setup((table, victim, taker) => {
        table.declareDead(victim);
        table.takeOver(0, taker);
      }),
    names,
    threads: [
      thread("declaring", attach, ({ table, region, taker }: Attached) => {
        table.declareDead(taker);
        return load(region.words, announcement(region)) === 1;
      }),
      thread("announcing", attach, ({ table, region, victim }: Attached) => {
        store(region.words, announcement(region), 1);
        return table.takeOver(0, 0x102) === victim;
      }),
    ],
    check: ({ results, shared: { region, taker } }) => {
      if (tableOf(region).isAlive(taker) || tableOf(region).state(1) === LIVE)
        return "the dead taker is alive";
      return results.get("declaring") === true || results.get("announcing") === true
        ? undefined
        : "neither sees the other";
    },
  }),
] satisfies readonly Scenario[];
