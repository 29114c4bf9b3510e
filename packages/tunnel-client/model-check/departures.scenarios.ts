import { threadId } from "node:worker_threads";
import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import { holdsBack } from "../src/receiver-progress.ts";
import {
  attachUser,
  memoryOf,
  names,
  receive,
  repairAfter,
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
];
