import { ShardedMap } from "@udp-relay/sharded-map";
import type { ShardedMapOptions } from "@udp-relay/sharded-map";
import { auditMap } from "./map-audit.ts";
import { MIX_RECORD_BYTES } from "./mix-record.ts";
import type { Mix, MixResult, MixTask } from "./mix-worker.ts";
import { runThreads, sibling } from "./threads.ts";

export interface MixRun {
  readonly workers: number;
  /** Of all workers together. */
  readonly operations: number;
  readonly mix: Mix;
  readonly sharedKeys: number;
  readonly batch?: number;
  readonly map: Omit<ShardedMapOptions, "key">;
}

export interface MixReport {
  readonly faults: readonly string[];
  readonly busy: number;
  readonly full: number;
  readonly milliseconds: number;
  readonly stats: ReturnType<ShardedMap["stats"]>;
}

/** Lets workers loose on one map and compares what they say they did with what is in it. */
export async function runMix(run: MixRun): Promise<MixReport> {
  using map = ShardedMap.create({ recordBytes: MIX_RECORD_BYTES, ...run.map, key: "u32" });
  const tasks = Array.from({ length: run.workers }, (_, worker): MixTask => ({
    handle: map.shared,
    worker,
    workers: run.workers,
    mix: run.mix,
    operations: Math.ceil(run.operations / run.workers),
    sharedKeys: run.sharedKeys,
    batch: run.batch ?? 16,
  }));
  const results = await runThreads<MixResult>(sibling("mix-worker", import.meta.url), tasks);
  const faults = results.flatMap((result) => result.faults);
  for (let key = 0; key < run.sharedKeys; key++) {
    const there = map.has(key) ? 1 : 0;
    const balance = results.reduce((sum, result) => sum + result.balance[key]!, 0);
    if (balance !== there) faults.push(`shared key ${key}: balance ${balance}, there ${there}`);
    const owner = results[key % run.workers]!;
    const expected = owner.own[key] === 1;
    if (map.has(run.sharedKeys + key) !== expected)
      faults.push(`own key ${run.sharedKeys + key} is not as left`);
  }
  const audit = auditMap(map);
  if (audit !== undefined) faults.push(audit);
  return {
    faults,
    busy: results.reduce((sum, result) => sum + result.busy, 0),
    full: results.reduce((sum, result) => sum + result.full, 0),
    milliseconds: Math.max(...results.map((result) => result.milliseconds)),
    stats: map.stats(),
  };
}
