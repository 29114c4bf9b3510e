import { parentPort, workerData } from "node:worker_threads";
import { BUSY, FULL, ShardedMap } from "@udp-relay/sharded-map";
import type { RegionHandle } from "@udp-relay/atomics-layout";

export interface ChurnTask {
  readonly role: "newcomers" | "clients";
  readonly handle: RegionHandle;
  readonly milliseconds: number;
  readonly newKeysPerSecond: number;
  readonly firstNewKey: number;
  /** How many newcomers stay at once. */
  readonly newcomers: number;
  /** Clients have the keys 0 to this. */
  readonly clients: number;
}

export interface ChurnResult {
  readonly operations: number;
  readonly refused: number;
  readonly busy: number;
  readonly missed: number;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** New keys at a steady rate; the oldest leave, so that there is always room. A BUSY one is tried again, and counted. */
function bringNewcomers(map: ShardedMap, task: ChurnTask): ChurnResult {
  const start = performance.now();
  let done = 0;
  let oldest = 0;
  let refused = 0;
  let busy = 0;
  for (;;) {
    const elapsed = performance.now() - start;
    if (elapsed >= task.milliseconds) return { operations: done, refused, busy, missed: 0 };
    const due = Math.floor((elapsed * task.newKeysPerSecond) / 1000);
    for (; done < due;) {
      const guard = map.enter();
      if (done - oldest >= task.newcomers && map.remove(task.firstNewKey + oldest) !== BUSY) oldest++;
      const slot = map.getOrInsert(task.firstNewKey + done);
      guard.leave();
      if (slot === BUSY) busy++;
      else if (slot === FULL) refused++;
      if (slot >= 0) done++;
      else break;
    }
    Atomics.wait(sleeper, 0, 0, 1);
  }
}

/** Looks every client up, in batches: none may ever be missing. */
function useClients(map: ShardedMap, task: ChurnTask): ChurnResult {
  const start = performance.now();
  let operations = 0;
  let missed = 0;
  while (performance.now() - start < task.milliseconds) {
    const guard = map.enter();
    for (let key = 0; key < task.clients; key++) if (map.get(key) < 0) missed++;
    guard.leave();
    operations += task.clients;
    Atomics.wait(sleeper, 0, 0, 1);
  }
  return { operations, refused: 0, busy: 0, missed };
}

const task = workerData as ChurnTask;
const map = ShardedMap.attach(task.handle);
const result = task.role === "newcomers" ? bringNewcomers(map, task) : useClients(map, task);
map[Symbol.dispose]();
parentPort!.postMessage(result);
