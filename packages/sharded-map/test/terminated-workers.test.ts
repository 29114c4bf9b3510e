import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { superviseWorker } from "@udp-relay/atomics-layout";
import type { WorkerEnd } from "@udp-relay/atomics-layout";
import { load } from "@udp-relay/atomics-layout/memory";
import { BUSY, ShardedMap } from "@udp-relay/sharded-map";
import { LOCK, shardAt } from "../src/map-memory.ts";
import { guardEntries } from "../src/guards.ts";
import { auditCapacity, auditMap, inGuard, memoryOf } from "./map-audit.ts";
import { IN, OUT } from "./kill-log.ts";
import type { KillTask } from "./kill-worker.ts";
import { long, randomFrom, sibling } from "./threads.ts";

const KILLS = long ? 500 : 50;
const KEYS = 40;

interface Victim {
  readonly worker: Worker;
  readonly task: KillTask;
  readonly ended: Promise<WorkerEnd>;
}

function start(map: ShardedMap, number: number): Victim {
  const log = new SharedArrayBuffer(KEYS * 4);
  const task = { handle: map.shared, seed: number, firstKey: number * KEYS, keys: KEYS, log };
  const worker = new Worker(sibling("kill-worker", import.meta.url), { workerData: task });
  const ended = new Promise<WorkerEnd>((resolve) => {
    superviseWorker(map.region, worker, { onEnd: resolve });
  });
  return { worker, task, ended };
}

/** What the dead worker left: whether it died inside an operation, and inside one that held a shard's lock. */
function whereItDied(map: ShardedMap, ownerIndex: number): { inside: boolean; locked: boolean } {
  const memory = memoryOf(map);
  const id = map.region.owners().find(({ index }) => index === ownerIndex)?.id;
  let locked = false;
  for (let shard = 0; shard < memory.shape.shards; shard++) {
    locked ||= load(memory.words, shardAt(memory, shard) + LOCK) === id;
  }
  return { inside: locked || guardEntries(memory, ownerIndex) !== 0, locked };
}

/** Entries that the dead worker had finished are as it left them; the one in its hands is there or not, as a whole. */
function faultsOf(map: ShardedMap, { firstKey, log }: KillTask): string[] {
  return [...new Int32Array(log)].flatMap((known, place) => {
    const there = map.has(firstKey + place);
    if ((known === IN && !there) || (known === OUT && there)) return [`key ${firstKey + place} was ${known}`];
    return [];
  });
}

/** The living are at work and may be preempted with a lock in their hands, or this thread in its guard: try again. */
function insertAtLast(map: ShardedMap, key: number): number {
  let slot = BUSY as number;
  for (let attempt = 0; attempt < 10_000 && slot < 0; attempt++)
    slot = inGuard(map, () => map.getOrInsert(key));
  return slot;
}

describe("terminated workers", () => {
  it(`${KILLS} kills at any moment: nobody is stuck, nothing is lost, no slot leaks`, async () => {
    const map = ShardedMap.create({ capacity: 400, key: "u32", shards: 2, workers: 4, owners: 16 });
    const random = randomFrom(7);
    const died = { inside: 0, locked: 0 };
    // Two at a time, so that one goes on while the other dies.
    for (let kill = 0; kill < KILLS; kill += 2) {
      const victims = [start(map, kill), start(map, kill + 1)];
      await Promise.all(victims.map(({ worker }) => once(worker, "message")));
      const owners = map.region
        .owners()
        .filter(({ threadId }) => victims.some((v) => v.worker.threadId === threadId));
      expect(owners.length).toBe(2);
      for (const { worker, task, ended } of victims) {
        const { index } = owners.find(({ threadId }) => threadId === worker.threadId)!;
        await new Promise((resolve) => setTimeout(resolve, random() % 4));
        // Between the end of the thread and its 'exit' event nothing is repaired: look there.
        const looked = new Promise<void>((resolve) => {
          worker.prependListener("exit", () => {
            const place = whereItDied(map, index);
            died.inside += place.inside ? 1 : 0;
            died.locked += place.locked ? 1 : 0;
            resolve();
          });
        });
        await worker.terminate();
        await looked;
        const end = await ended;
        expect(end.declaredDead).toBe(1);
        expect(faultsOf(map, task)).toEqual([]);
        for (let key = 1_000_000; key < 1_000_016; key++) {
          expect(insertAtLast(map, key)).toBeGreaterThanOrEqual(0);
          while (map.remove(key) === BUSY);
        }
      }
      expect(auditMap(map)).toBe(undefined);
      for (const { task } of victims) {
        for (let place = 0; place < KEYS; place++) map.remove(task.firstKey + place);
      }
    }
    for (const key of [...map.entries()].map(([key]) => key as number)) map.remove(key);
    expect(map.size).toBe(0);
    expect(auditMap(map)).toBe(undefined);
    expect(auditCapacity(map, 0)).toBe(undefined);
    const share = Math.round((100 * died.inside) / KILLS);
    console.log(
      `${KILLS} kills: ${share} % inside an operation, ${Math.round((100 * died.locked) / KILLS)} % holding a lock,`,
      `${map.stats().repairs} shards repaired`,
    );
    expect(share).toBeGreaterThanOrEqual(25);
  }, 1_800_000);
});
