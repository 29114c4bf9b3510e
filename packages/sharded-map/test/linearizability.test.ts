import { describe, expect, it } from "vitest";
import { ShardedMap } from "@udp-relay/sharded-map";
import { CALL_WORDS, CALLS_A_ROUND, GET, INSERT, isLinearizable, KEYS_A_ROUND, REMOVE } from "./history.ts";
import type { HistoryCall } from "./history.ts";
import type { HistoryTask } from "./history-worker.ts";
import { auditMap } from "./map-audit.ts";
import { long, runThreads, sibling } from "./threads.ts";

/** Each round is KEYS_A_ROUND histories. */
const ROUNDS = long ? 500_000 : 10_000;
const ROUNDS_A_RUN = 10_000;
const THREADS = 2;

async function record(map: ShardedMap, firstRound: number, rounds: number): Promise<HistoryCall[][]> {
  const shared = new SharedArrayBuffer(12);
  const tasks = Array.from({ length: THREADS }, (_, thread): HistoryTask => ({
    handle: map.shared,
    thread,
    threads: THREADS,
    rounds,
    firstRound,
    shared,
    log: new SharedArrayBuffer(rounds * CALLS_A_ROUND * CALL_WORDS * 4),
  }));
  await runThreads(sibling("history-worker", import.meta.url), tasks);
  const histories = Array.from({ length: rounds * KEYS_A_ROUND }, (): HistoryCall[] => []);
  for (const { log } of tasks) {
    const words = new Int32Array(log);
    for (let at = 0; at < words.length; at += CALL_WORDS) {
      const [key, kind, begin, answer, end] = words.subarray(at, at + CALL_WORDS) as unknown as number[] &
        [number, number, number, number, number];
      histories[key - firstRound * KEYS_A_ROUND]!.push({ kind, begin, end, answer });
    }
  }
  return histories;
}

const overlaps = (calls: readonly HistoryCall[]): boolean =>
  calls.some((one) => calls.some((other) => one !== other && one.begin < other.end && other.begin < one.end));

describe("histories of real threads", () => {
  it("the check itself refuses what no map would answer", () => {
    const call = (kind: number, begin: number, end: number, answer: number): HistoryCall => ({
      kind,
      begin,
      end,
      answer,
    });
    expect(isLinearizable([call(INSERT, 0, 1, 0), call(GET, 2, 3, 0)])).toBe(false);
    expect(isLinearizable([call(INSERT, 0, 3, 0), call(GET, 1, 2, 0)])).toBe(true);
    expect(isLinearizable([call(INSERT, 0, 3, 0), call(INSERT, 1, 2, 0)])).toBe(false);
    expect(isLinearizable([call(INSERT, 0, 1, 0), call(REMOVE, 2, 5, 1), call(REMOVE, 3, 4, 1)])).toBe(false);
    expect(isLinearizable([call(INSERT, 0, 1, 0), call(REMOVE, 2, 5, 1), call(REMOVE, 3, 4, 0)])).toBe(true);
  });

  it(`${ROUNDS * KEYS_A_ROUND} histories of ${THREADS} threads are linearizable`, async () => {
    using map = ShardedMap.create({ capacity: 4 * ROUNDS_A_RUN, key: "u32", shards: 1 });
    let overlapping = 0;
    for (let firstRound = 0; firstRound < ROUNDS; firstRound += ROUNDS_A_RUN) {
      const histories = await record(map, firstRound, ROUNDS_A_RUN);
      const wrong = histories.filter((calls) => !isLinearizable(calls));
      expect(wrong).toEqual([]);
      overlapping += histories.filter(overlaps).length;
      expect(auditMap(map)).toBe(undefined);
      map.clear();
    }
    console.log(`${ROUNDS * KEYS_A_ROUND} histories, in ${overlapping} of them calls overlap`);
    expect(overlapping).toBeGreaterThan(0);
  }, 600_000);
});
