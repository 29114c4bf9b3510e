import { parentPort, workerData } from "node:worker_threads";
import { BUSY, FULL, ShardedMap } from "@udp-relay/sharded-map";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { BETWEEN, OUT } from "./kill-log.ts";
import { randomFrom } from "./threads.ts";

export interface KillTask {
  readonly handle: RegionHandle;
  readonly seed: number;
  readonly firstKey: number;
  readonly keys: number;
  /** For each own key: what this worker knows of it, see below. */
  readonly log: SharedArrayBuffer;
}

/** Inserts and removes its own keys until it is killed, each operation in a guard of its own. */
function run({ handle, seed, firstKey, keys, log }: KillTask): void {
  const map = ShardedMap.attach(handle);
  const known = new Int32Array(log);
  const next = randomFrom(seed);
  parentPort!.postMessage("started");
  for (;;) {
    const place = next() % keys;
    const before = Atomics.load(known, place);
    Atomics.store(known, place, BETWEEN);
    const guard = map.enter();
    const slot = before === OUT ? map.getOrInsert(firstKey + place) : map.remove(firstKey + place);
    guard.leave();
    const refused = slot === BUSY || slot === FULL;
    if (!refused && slot < 0) throw new Error(`key ${firstKey + place}: ${slot} after ${before}`);
    Atomics.store(known, place, refused ? before : 1 - before);
  }
}

run(workerData as KillTask);
