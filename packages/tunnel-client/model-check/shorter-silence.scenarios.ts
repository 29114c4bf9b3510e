import { defineScenario, thread } from "@udp-relay/model-check";
import { enoughSilence, noteDeparture } from "../src/receiver-progress.ts";
import {
  attachUser,
  memoryOf,
  names,
  receive,
  type Successors,
  successors,
  TIMEOUT_MS,
  type TinyTable,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touches = ["receiver-progress", "table-expiry"].map((name) => `packages/tunnel-client/src/${name}.ts`);

const SILENCE_MS = TIMEOUT_MS / 2;
/** Of an entry's later owner: less than the earlier one's, so that it is told from it. */
const LATER_SILENCE_MS = SILENCE_MS - 1;

/** When the receiver that keeps up sweeps. */
const LATE = TIMEOUT_MS + 1;

export default [
  defineScenario<TinyTable>({
    name: "a dead receiver's client may go sooner: it stays once another has received from it",
    touches,
    names,
    setup: (): TinyTable => {
      const shared = tinyTable({ capacity: 1 });
      const left = attachUser(shared);
      receive(1)(left);
      const gone = left.table.ownerId;
      shared.table.region.declareDead(gone);
      noteDeparture(memoryOf(shared.table), gone, 7, 1);
      shared.table.drained(7, SILENCE_MS);
      return shared;
    },
    threads: [
      thread("sweeps", attachUser, ({ table }: User) => table.sweep(1 + SILENCE_MS, 3)),
      thread("receives", attachUser, receive(1 + SILENCE_MS)),
    ],
    check: ({ shared: { table }, results }) => {
      const removed = Number(results.get("sweeps"));
      if (table.size !== 1 - removed) return `it removed ${removed}`;
      if (table.size === 0) return undefined;
      table.sweep(1 + 2 * SILENCE_MS, 3);
      return table.size === 1 ? undefined : "it went though another has received from it";
    },
  }),

  defineScenario<Successors>({
    name: "an entry's later owner is drained, killed anywhere: who asks is told of its silence, never of the earlier one's",
    touches,
    names,
    setup: () => {
      const shared = successors();
      const memory = memoryOf(shared.table);
      noteDeparture(memory, shared.earlier, 7, 1);
      shared.table.drained(7, SILENCE_MS);
      noteDeparture(memory, shared.later, 8, 1);
      return shared;
    },
    threads: [
      thread("drains thread 8's queue", attachUser, ({ table }: User) => {
        table.drained(8, LATER_SILENCE_MS);
      }),
      thread(
        "asks",
        (shared: Successors) => ({ ...attachUser(shared), later: shared.later }),
        ({ table, later }) => enoughSilence(memoryOf(table), later),
      ),
    ],
    interruption: "kill",
    interruptible: ["drains thread 8's queue"],
    check: ({ shared: { table, later }, results, interrupted }) => {
      const possible = [LATER_SILENCE_MS, Infinity];
      const asked = Number(results.get("asks"));
      if (!possible.includes(asked)) return `it was told of ${asked} ms`;
      const silence = enoughSilence(memoryOf(table), later);
      if (!possible.includes(silence)) return `it is ${silence} ms at the end`;
      return interrupted === undefined && silence === Infinity ? "its queue counts as full" : undefined;
    },
  }),

  defineScenario<TinyTable>({
    name: "a receiver that is late took a datagram before a sweep began: its client stays",
    touches,
    names,
    setup: () =>
      tinyTable({ capacity: 1 }, (table) => {
        for (const tick of [TIMEOUT_MS / 2, TIMEOUT_MS, LATE]) table.beat(tick);
      }),
    threads: [
      thread("sweeps", attachUser, ({ table }: User) => table.sweep(LATE, 3)),
      thread(
        "receives",
        (shared: TinyTable) => ({ ...attachUser(shared), sweeper: shared.table.ownerId + 2 }),
        (user) => {
          receive(1)(user);
          return user.table.region.ownerLastSeenTick(user.sweeper) === LATE ? "the sweep began" : "received";
        },
      ),
    ],
    check: ({ results }) =>
      results.get("receives") === "received" && results.get("sweeps") !== 0
        ? "it expired while its receiver was late"
        : undefined,
  }),
];
