/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { endpointFromWords, parseEndpoint } from "@udp-relay/address-validation";
import { superviseWorker } from "@udp-relay/atomics-layout";
import { describe, expect, it } from "vitest";
import { TunnelClientTable } from "../src/index.ts";
import { begin, hasBegun, startWorker } from "./threads.ts";

const TIMEOUT_MS = 60_000;
const host = (number: number) => endpointFromWords(0, 0, 0xffff, number, 1);

describe("two threads on one client", () => {
  it(
    "lose no packet and no byte, and a reset never shows what did not flow",
    async () => {
      using clients = TunnelClientTable.create({
        capacity: 4,
        timeoutMs: 60_000,
        key: "u32",
        timeConstantMs: 1_000,
      });
      const guard = clients.enter();
      const handle = clients.handle(clients.join(1, parseEndpoint("192.0.2.1:5000"), 0));
      guard.leave();
      const rounds = 40_000;
      const task = { what: "count", handle: clients.shared, rounds, seed: 0 };
      const workers = await Promise.all([startWorker<number>(task), startWorker<number>(task)]);
      begin(workers);
      let done = false;
      const results = Promise.all(workers.map(({ result }) => result)).then((all) => {
        done = true;
        return all;
      });
      // 2 threads x 50 rounds a tick x 100 bytes: 10 MB a second, if both keep the same pace; more is never flowing.
      let resets = 0;
      let highest = 0;
      let least = 0;
      while (!done) {
        for (let i = 0; i < 50; i++) {
          const inside = clients.enter();
          const slot = clients.resolve(handle);
          const tick = clients.lastReceiveTick(slot);
          if (clients.resetStats(slot, tick)) resets++;
          inside.leave();
          const snapshot = clients.snapshotOf(handle, tick)!;
          highest = Math.max(highest, snapshot.bytesPerSecondIn);
          least = Math.min(least, snapshot.packetsReceived, snapshot.bytesReceived);
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      expect(await results).toEqual([rounds, rounds]);
      expect(resets).toBeGreaterThan(100);
      expect(least).toBe(0);
      expect(highest).toBeLessThan(25_000_000);
      // Counters only grow: what the resets took away is in the baselines.
      const { ops } = clients.region;
      const records = clients.region.section("records").byteOffset + 64;
      expect(ops.load64(records + 8)).toBe(2 * rounds);
      expect(ops.load64(records + 16)).toBe(2 * rounds * 100);
      expect(ops.load64(records + 64 + 16)).toBe(2 * rounds * 3);
      await Promise.all(workers.map(({ worker }) => worker.terminate()));
    },
    TIMEOUT_MS,
  );
});

describe("a prefix's limit", () => {
  it(
    "is never exceeded by threads that race, and is whole again after each of 4 kills",
    async () => {
      using clients = TunnelClientTable.create({ capacity: 32, timeoutMs: 60_000, clientsPerPrefix: 2 });
      for (let kill = 0; kill < 5; kill++) {
        const task = { what: "churn", handle: clients.shared, rounds: kill === 4 ? 4_000 : 1e9 };
        const workers = await Promise.all([
          startWorker<number>({ ...task, seed: 1 }),
          startWorker<number>({ ...task, seed: 2 }),
        ]);
        const ends = workers.map(
          ({ worker }) =>
            new Promise<void>((resolve) => {
              superviseWorker(clients.region, worker, { onEnd: () => resolve() });
            }),
        );
        begin(workers);
        if (kill === 4) expect(await Promise.all(workers.map(({ result }) => result))).toEqual([0, 0]);
        else await Promise.all(workers.map((worker) => hasBegun(worker, 100)));
        await Promise.all(workers.map(({ worker }) => worker.terminate()));
        await Promise.all(ends);
        for (const number of [1, 2, 3]) {
          const left = clients.snapshot().filter(({ endpoint }) => endpoint.a3 === number).length;
          expect(left).toBeLessThanOrEqual(2);
          expect(clients.prefixClients(host(number))).toBe(left);
        }
        for (const { handle } of clients.snapshot()) clients.remove(handle);
        for (const number of [1, 2, 3]) expect(clients.prefixClients(host(number))).toBe(0);
      }
    },
    TIMEOUT_MS,
  );
});
