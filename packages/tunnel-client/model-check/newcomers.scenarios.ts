import { defineScenario, thread } from "@udp-relay/model-check";
import { attachUser, endpoint, names, TIMEOUT_MS, tinyTable, type User } from "./tiny-table.ts";

const touches = ["packages/tunnel-client/src/table-writers.ts"];

/** Far from 0, and from the ticks of the client that had the slot before. */
const TICK = 3_000_000_000;

/** It never stood still, and is not behind. */
function keepUp(table: User["table"]): void {
  for (const tick of [TIMEOUT_MS / 2, TIMEOUT_MS, TIMEOUT_MS + 1]) table.beat(tick);
}

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
          table.received(slot, 100, TICK + 10);
          table.received(slot, 100, TICK + 20);
          const handle = table.handle(slot);
          guard.leave();
          const client = table.snapshotOf(handle, TICK + 20)!;
          table.remove(handle);
          const { ageMs, idleMs, latencyMs, lossPerMille, jitterMs, bytesReceived, bytesSent } = client;
          const flows = client.bytesPerSecondIn > 2_000;
          return [ageMs, idleMs, latencyMs, lossPerMille, jitterMs, bytesReceived, bytesSent, flows].join(
            " ",
          );
        }),
      ),
    ],
    check: ({ shared: { table }, results }) => {
      const found = String(results.get("worker 1"));
      const expected = "20 0    200 0 true";
      if (found !== `${expected},${expected}`) return found;
      const { futureStamps } = table.stats();
      return futureStamps === 0 ? undefined : `${futureStamps} ticks were taken for ones of the future`;
    },
  }),

  defineScenario({
    name: "a client that nobody ever received from times out like others",
    touches,
    names,
    setup: () => tinyTable(),
    threads: [
      thread("worker 1", attachUser, ({ table }: User) => {
        const guard = table.enter();
        table.join(2, endpoint(2), 0);
        guard.leave();
        keepUp(table);
      }),
    ],
    check: ({ shared: { table } }) => {
      keepUp(table);
      table.sweep(TIMEOUT_MS + 1, 3);
      return table.size === 0 ? undefined : `${table.size} clients are left`;
    },
  }),
];
