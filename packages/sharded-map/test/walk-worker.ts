import { parentPort, workerData } from "node:worker_threads";
import { ShardedMap } from "@udp-relay/sharded-map";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { randomFrom } from "./threads.ts";

export interface WalkTask {
  readonly handle: RegionHandle;
  readonly what: "come and go" | "come";
  /** Keys from here on are this worker's alone. */
  readonly firstKey: number;
  readonly keys: number;
  /** 0 whether to end, 1 what was done by all. */
  readonly control: Int32Array<SharedArrayBuffer>;
}

/** Entries of which this worker knows that it made them, and that it removed them. */
export interface WalkResult {
  readonly made: number;
  readonly removed: number;
}

/** Keys at random that come, and go again; or new keys in a row that only come. Their records say whose they are. */
function run({ handle, what, firstKey, keys, control }: WalkTask): WalkResult {
  const map = ShardedMap.attach(handle);
  const { words } = map.region;
  const records = map.region.section("records").byteOffset >>> 2;
  const random = randomFrom(firstKey);
  let key = 0;
  let [made, removed] = [0, 0];
  const init = (slot: number): void => {
    words[records + slot * 2] = key;
    words[records + slot * 2 + 1] = ~key;
  };
  while (Atomics.load(control, 0) === 0) {
    const guard = map.enter();
    for (let n = 0; n < 16; n++) {
      const chance = random();
      key = firstKey + (what === "come" ? made : chance % keys);
      if (what === "come and go" && chance >>> 31 === 0) removed += map.remove(key) >= 0 ? 1 : 0;
      else if (map.getOrInsert(key, init) >= 0 && map.created) made++;
    }
    guard.leave();
    Atomics.add(control, 1, 16);
  }
  map[Symbol.dispose]();
  return { made, removed };
}

parentPort!.postMessage(run(workerData as WalkTask));
