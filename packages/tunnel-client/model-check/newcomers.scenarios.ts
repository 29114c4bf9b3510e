import { defineScenario, thread } from "@udp-relay/model-check";
import {
  attachUser,
  endpoint,
  names,
  TIME_CONSTANT_MS,
  TIMEOUT_MS,
  tinyTable,
  type User,
} from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/table-writers.ts"];

/** Far from 0, and from the ticks of the client that had the slot before. */
const TICK = 3_000_000_000;

export default [
  defineScenario({
    name: "a newcomer has nothing of the client that had its slot",
    touches,
    names,
    setup: () => {
      const shared = tinyTable({ capacity: 1 });
      const { table, handle } = shared;
      const guard = table.enter();
      const slot = table.resolve(handle);
      table.received(slot, 100, 1);
      table.sent(slot, 100, 1);
      table.setLatency(slot, 50);
      table.setLossPerMille(slot, 500);
      table.setJitter(slot, 5);
      table.resetStats(slot, 2);
      guard.leave();
      table.remove(handle);
      return shared;
    },
    threads: [
      thread("worker 1", attachUser, ({ table }: User) =>
        // Two in turn have both slots, so that one of them has the one that was used.
        [2, 3].map((id) => {
          const guard = table.enter();
          const slot = table.join(id, endpoint(id), TICK);
          const handle = table.handle(slot);
          const begun = table.snapshotOf(handle, TICK + 5)!;
          table.received(slot, 100, TICK + 10);
          table.received(slot, 100, TICK + 20);
          guard.leave();
          const client = table.snapshotOf(handle, TICK + 20)!;
          const silent = table.snapshotOf(handle, TICK + 20 + 40 * TIME_CONSTANT_MS)!;
          table.remove(handle);
          const { ageMs, idleMs, latencyMs, lossPerMille, jitterMs, bytesReceived, bytesSent } = client;
          const rates = [client, silent].map(({ bytesPerSecondIn }) => bytesPerSecondIn > 2_000);
          return [
            ...[begun.idleMs, ageMs, idleMs, latencyMs, lossPerMille, jitterMs, bytesReceived, bytesSent],
            ...rates,
          ].join(" ");
        }),
      ),
    ],
    check: ({ shared: { table }, results }) => {
      const found = String(results.get("worker 1"));
      const expected = "5 20 0    200 0 true false";
      if (found !== `${expected},${expected}`) return found;
      const { futureStamps } = table.stats();
      return futureStamps === 0 ? undefined : `${futureStamps} ticks were taken for ones of the future`;
    },
  }),

  defineScenario({
    name: "a client that only joined is held back while the thread that made it is late",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [
      thread("worker 1", attachUser, ({ table }: User) => {
        const guard = table.enter();
        table.join(2, endpoint(2), 1);
        guard.leave();
      }),
    ],
    check: ({ shared: { table } }) => {
      // This one keeps up, and so its client 1 times out; the other one was last seen at tick 1.
      for (const tick of [TIMEOUT_MS / 2, TIMEOUT_MS, TIMEOUT_MS + 2]) table.beat(tick);
      table.sweep(TIMEOUT_MS + 2, 3);
      const left = table.snapshot(TIMEOUT_MS + 2).map(({ id }) => id);
      return left.join() === "2" ? undefined : `left are the clients ${left.join()}`;
    },
  }),
];
