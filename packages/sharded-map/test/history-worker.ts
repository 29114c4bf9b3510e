import { parentPort, workerData } from "node:worker_threads";
import { BUSY, ShardedMap } from "@udp-relay/sharded-map";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { BUSY_RESULT, CALL_WORDS, CALLS_A_ROUND, GET, INSERT, KEYS_A_ROUND, REMOVE } from "./history.ts";
import { randomFrom } from "./threads.ts";

export interface HistoryTask {
  readonly handle: RegionHandle;
  readonly thread: number;
  readonly threads: number;
  readonly rounds: number;
  readonly firstRound: number;
  /** Word 0: the clock of all threads; word 1: threads that have arrived at the present round. */
  readonly shared: SharedArrayBuffer;
  /** This thread's calls. */
  readonly log: SharedArrayBuffer;
}

/** Rounds of a few calls on a few fresh keys, all threads at once; what was called, answered and when goes to the log. */
function run({ handle, thread, threads, rounds, firstRound, shared, log }: HistoryTask): void {
  const map = ShardedMap.attach(handle);
  const clock = new Int32Array(shared);
  const calls = new Int32Array(log);
  const next = randomFrom(firstRound * threads + thread + 1);
  for (let round = 0; round < rounds; round++) {
    Atomics.add(clock, 1, 1);
    for (let turn = 0; Atomics.load(clock, 1) < (round + 1) * threads && turn < 1e9; turn++) {
      if (turn > 20_000) Atomics.wait(clock, 2, 0, 0.01);
    }
    for (let n = 0; n < CALLS_A_ROUND; n++) {
      const random = next();
      const key = (firstRound + round) * KEYS_A_ROUND + (random % KEYS_A_ROUND);
      const kind = [GET, INSERT, REMOVE][(random >>> 8) % 3]!;
      const at = (round * CALLS_A_ROUND + n) * CALL_WORDS;
      calls[at] = key;
      calls[at + 1] = kind;
      calls[at + 2] = Atomics.add(clock, 0, 1);
      calls[at + 3] = call(map, kind, key);
      calls[at + 4] = Atomics.add(clock, 0, 1);
    }
  }
  map[Symbol.dispose]();
}

/** 1: found, or there; 0: not; BUSY_RESULT. */
function call(map: ShardedMap, kind: number, key: number): number {
  if (kind === GET) return map.has(key) ? 1 : 0;
  if (kind === REMOVE) {
    const slot = map.remove(key);
    return slot === BUSY ? BUSY_RESULT : slot >= 0 ? 1 : 0;
  }
  const guard = map.enter();
  const slot = map.getOrInsert(key);
  const { created } = map;
  guard.leave();
  return slot < 0 ? BUSY_RESULT : created ? 0 : 1;
}

run(workerData as HistoryTask);
parentPort!.postMessage("done");
