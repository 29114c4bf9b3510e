import { parentPort, workerData } from "node:worker_threads";
import { ABSENT, BUSY, FULL, ShardedMap } from "@udp-relay/sharded-map";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { randomFrom } from "./threads.ts";

/** Operations in a hundred. What is left over removes. */
export interface Mix {
  readonly read: number;
  readonly insert: number;
}

export interface MixTask {
  readonly handle: RegionHandle;
  readonly worker: number;
  readonly workers: number;
  readonly mix: Mix;
  readonly operations: number;
  /** Keys below it are everybody's; of those from here to twice as many a worker writes to its own only. */
  readonly sharedKeys: number;
  readonly batch: number;
}

export interface MixResult {
  /** Created minus removed, of each shared key. */
  readonly balance: Int32Array;
  /** Whether each own key is there, by this worker's account. */
  readonly own: Uint8Array;
  readonly busy: number;
  readonly full: number;
  readonly faults: readonly string[];
  readonly milliseconds: number;
}

function run(task: MixTask): MixResult {
  const { worker, workers, mix, operations, sharedKeys, batch } = task;
  const map = ShardedMap.attach(task.handle);
  const { words } = map.region;
  const records = map.region.section("records").byteOffset >>> 2;
  const next = randomFrom(worker + 1);
  const balance = new Int32Array(sharedKeys);
  const own = new Uint8Array(sharedKeys);
  const faults: string[] = [];
  const result = { busy: 0, full: 0 };
  let key = 0;
  const init = (slot: number): void => {
    words[records + slot * 2] = key;
    words[records + slot * 2 + 1] = ~key;
  };
  const isRecordOf = (slot: number, wanted: number): boolean =>
    words[records + slot * 2] === wanted && words[records + slot * 2 + 1] === ~wanted;
  const start = performance.now();

  const operate = (): unknown => {
    const random = next();
    const shared = (random & 1) === 0;
    const place = (random >>> 8) % sharedKeys;
    key = shared ? place : sharedKeys + place - (place % workers) + worker;
    if (!shared && key >= 2 * sharedKeys) return;
    const kind = (random >>> 1) % 100;
    const mine = key - sharedKeys;
    if (kind < mix.read) {
      const slot = map.get(key);
      if (slot >= 0 && !isRecordOf(slot, key)) faults.push(`key ${key} leads to another record`);
      if (!shared && slot >= 0 !== (own[mine] === 1))
        faults.push(`own key ${key}: ${slot}, expected ${own[mine]!}`);
    } else if (kind < mix.read + mix.insert) {
      const slot = map.getOrInsert(key, init);
      if (slot === BUSY) return result.busy++;
      if (slot === FULL) return result.full++;
      if (!isRecordOf(slot, key)) faults.push(`inserted key ${key} leads to another record`);
      if (!shared && map.created === (own[mine] === 1)) faults.push(`own key ${key} created: ${map.created}`);
      if (shared) balance[key]! += map.created ? 1 : 0;
      else own[mine] = 1;
    } else {
      const slot = map.remove(key);
      if (slot === BUSY) return result.busy++;
      if (slot !== ABSENT && !isRecordOf(slot, key))
        faults.push(`removed key ${key} leads to another record`);
      if (!shared && slot >= 0 !== (own[mine] === 1)) faults.push(`own key ${key} removed: ${slot}`);
      if (shared) balance[key]! -= slot >= 0 ? 1 : 0;
      else own[mine] = 0;
    }
  };

  for (let done = 0; done < operations && faults.length < 5; done += batch) {
    const guard = map.enter();
    for (let n = 0; n < batch; n++) operate();
    guard.leave();
    const { size } = map;
    if (size < 0 || size > map.capacity) faults.push(`size ${size}`);
  }
  const milliseconds = performance.now() - start;
  map[Symbol.dispose]();
  return { balance, own, ...result, faults, milliseconds };
}

parentPort!.postMessage(run(workerData as MixTask));
