import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { superviseWorker } from "@udp-relay/atomics-layout";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { describe, expect, it } from "vitest";
import { IdAllotment } from "../src/cncnet/id-allotment.ts";
import { RelayMemory } from "../src/shared/relay-memory.ts";
import type { AllotmentTask } from "./allotment-worker.ts";

const ROUNDS = process.env.UDP_RELAY_LONG === "1" ? 50_000 : 2_000;
const KILLS = process.env.UDP_RELAY_LONG === "1" ? 50 : 3;
const CAPACITY = 20;
const TIMEOUT_MS = 30_000;

interface Outcome {
  readonly counts: { readonly granted: number; readonly full: number; readonly busy: number };
  readonly faults: readonly string[];
}

function table(): { clients: TunnelClientTable; memory: RelayMemory } {
  const clients = TunnelClientTable.create({
    capacity: CAPACITY,
    timeoutMs: TIMEOUT_MS,
    key: "u32",
    workers: 4,
    batch: 64,
  });
  return { clients, memory: RelayMemory.create({ workers: 1, slots: 1 }) };
}

function start(clients: TunnelClientTable, memory: RelayMemory, seed: number, rounds = ROUNDS): Worker {
  const workerData: AllotmentTask = { clients: clients.shared, memory: memory.shared, rounds, seed };
  return new Worker(new URL("./allotment-worker.ts", import.meta.url), { workerData });
}

describe("/request allocates N distinct ids atomically or none, with workers racing", () => {
  it(`3 workers, ${ROUNDS} allotments each, of a table that holds two at most`, async () => {
    const { clients, memory } = table();
    const workers = [1, 2, 3].map((seed) => start(clients, memory, seed));
    const outcomes = await Promise.all(
      workers.map(async (worker) => {
        superviseWorker(clients.region, worker);
        const [outcome] = (await once(worker, "message")) as [Outcome];
        return outcome;
      }),
    );
    await Promise.all(workers.map((worker) => worker.terminate()));
    for (const { counts, faults } of outcomes) {
      expect(faults).toEqual([]);
      expect(counts.granted + counts.full + counts.busy).toBe(ROUNDS);
    }
    expect(outcomes.reduce((sum, { counts }) => sum + counts.granted, 0)).toBeGreaterThan(ROUNDS / 2);
    expect(clients.size).toBe(0);
    clients[Symbol.dispose]();
  }, 300_000);

  it(`a worker killed at it blocks nobody, and leaks no slot for longer than the timeout: ${KILLS} kills`, async () => {
    const { clients, memory } = table();
    let tick = 0;
    const allotment = new IdAllotment(clients, memory.control);
    let left = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const worker = start(clients, memory, kill + 7, 1_000_000_000);
      const ended = new Promise((resolve) => {
        superviseWorker(clients.region, worker, { onEnd: resolve });
      });
      await once(worker, "online");
      while (clients.size === 0) await new Promise((resolve) => setImmediate(resolve));
      await worker.terminate();
      await ended;
      left += clients.size;
      // The dead one's ids are idle since tick 0.
      tick += TIMEOUT_MS;
      clients.beat(tick);
      const ids = allotment.allot(CAPACITY, tick);
      expect(ids).toHaveLength(CAPACITY);
      for (const id of ids) {
        const guard = clients.enter();
        const handle = clients.handle(clients.find(id as number));
        guard.leave();
        clients.remove(handle);
      }
      expect(clients.size).toBe(0);
    }
    console.log(`${KILLS} kills left ${left} ids that nobody was told`);
    clients[Symbol.dispose]();
  }, 300_000);
});
