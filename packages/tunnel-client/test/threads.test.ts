/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { type Endpoint, endpointFromWords, parseEndpoint } from "@udp-relay/address-validation";
import { superviseWorker } from "@udp-relay/atomics-layout";
import { describe, expect, it } from "vitest";
import { TunnelClientTable } from "../src/index.ts";
import { readCount } from "../src/packed-count.ts";
import { receiveLine, sendLine, type TableMemory } from "../src/table-memory.ts";
import { begin, hasBegun, startWorker } from "./threads.ts";

/** An IPv4 address is a prefix, and an IPv6 /64. */
const prefixes = [1, 2, 3].flatMap((number) => [
  endpointFromWords(0, 0, 0xffff, number, 1),
  endpointFromWords(0x20010db8, number, 5, 6, 1),
]);
const prefixOf = ({ a0, a1, a3 }: Endpoint): number => (a0 === 0 ? a3 : a1 + 100);

/** THREATS' own figures with UDP_RELAY_LONG=1. */
const LONG = process.env.UDP_RELAY_LONG === "1";
const RESETS = LONG ? 100_000 : 3_000;
const CHURN = LONG ? 500_000 : 4_000;
const KILLS = LONG ? 20 : 4;
const TIMEOUT_MS = LONG ? 600_000 : 120_000;

describe("two threads on one client", () => {
  it(
    `lose no packet and no byte, and ${RESETS} resets never show what did not flow`,
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
      const clock = new Int32Array(new SharedArrayBuffer(4));
      const task = { what: "count", handle: clients.shared, rounds: 0, seed: 0, clock };
      const workers = await Promise.all([startWorker<number>(task), startWorker<number>(task)]);
      begin(workers);
      let resets = 0;
      let flowed = 0;
      let highest = 0;
      let least = 0;
      for (let tick = 1; resets < RESETS || flowed < RESETS / 20; tick++) {
        Atomics.store(clock, 0, tick);
        for (let i = 0; i < 4; i++) {
          const inside = clients.enter();
          const slot = clients.resolve(handle);
          // A rate that never was would be seen right after the reset, or at the next fold.
          if (i % 2 === 0 && clients.resetStats(slot, tick)) resets++;
          inside.leave();
          const { bytesPerSecondIn, packetsReceived, bytesReceived } = clients.snapshotOf(handle, tick)!;
          highest = Math.max(highest, bytesPerSecondIn);
          least = Math.min(least, packetsReceived, bytesReceived);
          if (packetsReceived > 0) flowed++;
        }
        if (tick % 256 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      Atomics.store(clock, 0, -1);
      const rounds = (await Promise.all(workers.map(({ result }) => result))).reduce((a, b) => a + b);
      expect(least).toBe(0);
      // 2 threads x 50 datagrams of 100 bytes a tick at most, 10 MB a second; a fold takes an interval's bytes, of up to
      // 1/32 of the time constant, for spread over it.
      expect(highest).toBeLessThan(10_000_000 * (1 + 1 / 32));
      // Counters only grow: what the resets took away is in the baselines.
      const { memory } = clients as unknown as { memory: TableMemory };
      const counted = [receiveLine(memory, 0), sendLine(memory, 0)].map((line) => {
        const count = { packets: 0, bytes: 0 };
        readCount(memory, line, count);
        return count;
      });
      expect(counted).toEqual([
        { packets: rounds, bytes: rounds * 100 },
        { packets: rounds, bytes: rounds * 3 },
      ]);
      await Promise.all(workers.map(({ worker }) => worker.terminate()));
    },
    TIMEOUT_MS,
  );
});

describe("a prefix's limit", () => {
  it(
    `is never exceeded by threads that race, and is whole again after each of ${KILLS} kills`,
    async () => {
      using clients = TunnelClientTable.create({ capacity: 32, timeoutMs: 60_000, clientsPerPrefix: 2 });
      for (let kill = 0; kill <= KILLS; kill++) {
        const task = { what: "churn", handle: clients.shared, rounds: kill === KILLS ? CHURN : 1e9 };
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
        if (kill === KILLS) expect(await Promise.all(workers.map(({ result }) => result))).toEqual([0, 0]);
        else await Promise.all(workers.map((worker) => hasBegun(worker, 100)));
        await Promise.all(workers.map(({ worker }) => worker.terminate()));
        await Promise.all(ends);
        for (const prefix of prefixes) {
          const left = clients
            .snapshot()
            .filter(({ endpoint }) => prefixOf(endpoint) === prefixOf(prefix)).length;
          expect(left).toBeLessThanOrEqual(2);
          expect(clients.prefixClients(prefix)).toBe(left);
        }
        for (const { handle } of clients.snapshot()) clients.remove(handle);
        for (const prefix of prefixes) expect(clients.prefixClients(prefix)).toBe(0);
      }
    },
    TIMEOUT_MS,
  );
});
