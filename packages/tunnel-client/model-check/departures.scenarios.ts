import { threadId } from "node:worker_threads";
import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import { holdsBack, noteDeparture } from "../src/receiver-progress.ts";
import {
  attachUser,
  memoryOf,
  names,
  receive,
  repairAfter,
  type Successors,
  successors,
  TIMEOUT_MS,
  type TinyTable,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/receiver-progress.ts"];

/** When the death is noticed. */
const NOTED = 3;

const repairs = supervisor(attachUser, (user: User, _call, killed) => {
  user.table.beat(NOTED);
  repairAfter(user, killed);
});

interface Bereft extends TinyTable {
  /** The owner that is gone. */
  readonly gone: number;
}

export default [
  defineScenario({
    name: "a receiver dies: its client is held back for one timeout, or until its queue is drained",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [
      thread("worker 1", attachUser, (user: User) => {
        receive(1)(user);
        return "received";
      }),
      thread("worker 2", attachUser, ({ table }: User) => table.sweep(TIMEOUT_MS / 2, 3)),
    ],
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: repairs,
    check: ({ shared: { table }, interrupted }) => {
      const clients = (): number => table.size;
      if (clients() !== 1) return "it expired before its time";
      if (interrupted === undefined) return undefined;
      // The thread that set the table up was a receiver, too, and keeps up; the dead one is not heard of any more.
      const silent = TIMEOUT_MS + 1;
      const received = table.snapshot(silent)[0]!.packetsReceived === 1;
      for (const tick of [TIMEOUT_MS / 2, TIMEOUT_MS, silent]) table.beat(tick);
      table.sweep(silent, 3);
      if (received && clients() !== 1) return "it expired while the dead one's queue was full";
      table.drained(threadId);
      table.sweep(silent, 3);
      return clients() === 0 ? undefined : "it is held back though the queue was drained";
    },
  }),

  defineScenario<Bereft>({
    name: "two threads meet a receiver that was declared dead: both are held back, for one timeout",
    touches,
    names,
    setup: (): Bereft => {
      const shared = tinyTable();
      const gone = attachUser(shared).table.ownerId;
      shared.table.region.declareDead(gone);
      return { ...shared, gone };
    },
    threads: [TIMEOUT_MS + 1, TIMEOUT_MS + 2].map((tick, i) =>
      thread(
        `worker ${i + 1}`,
        (shared: Bereft) => ({ ...attachUser(shared), gone: shared.gone }),
        ({ table, gone }) => holdsBack(memoryOf(table), gone, tick),
      ),
    ),
    check: ({ shared, results }) => {
      if ([...results.values()].some((held) => held !== true)) return "somebody was not held back";
      const memory = memoryOf(shared.table);
      if (!holdsBack(memory, shared.gone, 2 * TIMEOUT_MS)) return "nobody noted when it was missed";
      return holdsBack(memory, shared.gone, 2 * TIMEOUT_MS + 2) ? "it holds back for ever" : undefined;
    },
  }),

  defineScenario<Successors>({
    name: "two owners in turn have one entry: a look at the earlier one leaves what is noted of the later one",
    touches,
    names,
    setup: successors,
    threads: [
      thread(
        "asks for the earlier",
        (shared: Successors) => ({ ...attachUser(shared), earlier: shared.earlier }),
        ({ table, earlier }) => holdsBack(memoryOf(table), earlier, 1),
      ),
      thread(
        "drains the later's queue",
        (shared: Successors) => ({ ...attachUser(shared), later: shared.later }),
        ({ table, later }) => {
          const memory = memoryOf(table);
          const before = holdsBack(memory, later, 1);
          table.drained();
          return [before, holdsBack(memory, later, 2)].join();
        },
      ),
    ],
    check: ({ shared: { table, earlier, later }, results }) => {
      const seen = String(results.get("drains the later's queue"));
      if (seen !== "true,false") return `held back before and after the queue was drained: ${seen}`;
      if (holdsBack(memoryOf(table), earlier, 3)) return "the earlier one holds back again";
      return holdsBack(memoryOf(table), later, 3) ? "the later one holds back again" : undefined;
    },
  }),

  defineScenario<Successors>({
    name: "a thread's queue is drained while the entry's next owner goes: that one's clients are held back",
    touches,
    names,
    setup: () => {
      const shared = successors();
      noteDeparture(memoryOf(shared.table), shared.earlier, 7, 1);
      return shared;
    },
    threads: [
      thread("drains thread 7's queue", attachUser, ({ table }: User) => {
        table.drained(7);
      }),
      thread(
        "repairs after thread 8",
        (shared: Successors) => ({ ...attachUser(shared), later: shared.later }),
        ({ table, later }) => {
          const memory = memoryOf(table);
          const met = holdsBack(memory, later, 1);
          noteDeparture(memory, later, 8, 1);
          return met;
        },
      ),
    ],
    check: ({ shared: { table, later }, results }) => {
      const memory = memoryOf(table);
      if (results.get("repairs after thread 8") !== true) return "it was not held back at first";
      if (!holdsBack(memory, later, 2)) return "it is not held back, though nobody drained its queue";
      table.drained(7);
      if (!holdsBack(memory, later, 2)) return "another thread's queue was taken for its own";
      table.drained(8);
      return holdsBack(memory, later, 2) ? "it is held back though its queue was drained" : undefined;
    },
  }),
];
