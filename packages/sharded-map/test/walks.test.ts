/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { describe, expect, it } from "vitest";
import { ABSENT, ShardedMap } from "@udp-relay/sharded-map";
import { auditCapacity, auditMap, inGuard } from "./map-audit.ts";
import { runThreads, sibling } from "./threads.ts";
import type { WalkResult, WalkTask } from "./walk-worker.ts";

/** They are there all the while. */
const PERMANENT = 100;
const CAPACITY = 400;
const WORKERS = 2;
/** Walks at least, and what the workers do meanwhile at least. */
const WALKS = 60;
const OPERATIONS = 8_000;

/** Has the workers write while `walk` is called again and again; returns what they did. */
async function beside(map: ShardedMap, what: WalkTask["what"], walk: () => void): Promise<WalkResult> {
  const control = new Int32Array(new SharedArrayBuffer(8));
  const tasks = Array.from({ length: WORKERS }, (_, worker): WalkTask => ({
    handle: map.shared,
    what,
    firstKey: 1_000_000 * (worker + 1),
    keys: CAPACITY,
    control,
  }));
  const running = runThreads<WalkResult>(sibling("walk-worker", import.meta.url), tasks);
  try {
    while (Atomics.load(control, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const giveUpMs = performance.now() + 20_000;
    for (let walks = 0; walks < WALKS || Atomics.load(control, 1) < OPERATIONS; walks++) {
      walk();
      if (performance.now() > giveUpMs) break;
    }
    expect(Atomics.load(control, 1)).toBeGreaterThanOrEqual(OPERATIONS);
  } finally {
    Atomics.store(control, 0, 1);
  }
  const results = await running;
  return {
    made: results.reduce((sum, { made }) => sum + made, 0),
    removed: results.reduce((sum, { removed }) => sum + removed, 0),
  };
}

function mapOfPermanent(): ShardedMap {
  const map = ShardedMap.create({ capacity: CAPACITY, key: "u32", recordBytes: 8, workers: 4, shards: 4 });
  const { words } = map.region;
  const records = map.region.section("records").byteOffset >>> 2;
  inGuard(map, () => {
    for (let key = 0; key < PERMANENT; key++) {
      map.getOrInsert(key, (slot) => {
        words[records + slot * 2] = key;
        words[records + slot * 2 + 1] = ~key;
      });
    }
  });
  return map;
}

describe("while other threads write", () => {
  it("walks see whoever stays exactly once, nobody twice; sweeps remove each that they pick once, nobody else", async () => {
    using map = mapOfPermanent();
    const { words } = map.region;
    const records = map.region.section("records").byteOffset >>> 2;
    const faults: string[] = [];
    let [strangers, swept, told, calls] = [0, 0, 0, 0];
    const done = await beside(map, "come and go", () => {
      const seen = new Set<number>();
      const permanent = new Set<number>();
      map.forEach((slot) => {
        if (seen.has(slot)) faults.push(`slot ${slot} twice`);
        seen.add(slot);
        const key = map.keyOf(slot);
        if (key < PERMANENT) permanent.add(key);
        else strangers++;
        if (words[records + slot * 2] !== (key | 0) || words[records + slot * 2 + 1] !== ~key)
          faults.push(`the record of ${key} is another's`);
      });
      if (permanent.size !== PERMANENT) faults.push(`${permanent.size} of those who stay`);
      const handles = new Set<number>();
      let stayed = 0;
      for (const [key, handle] of map.entries()) {
        if (handles.has(handle)) faults.push(`handle ${handle} twice`);
        handles.add(handle);
        if ((key as number) < PERMANENT) stayed++;
        // Whoever has gone since is absent; a slot that is somebody else's is not this handle's.
        const guard = map.enter();
        const slot = map.resolve(handle);
        if (slot !== ABSENT && map.keyOf(slot) !== key)
          faults.push(`handle of ${key as number} is another's`);
        guard.leave();
      }
      if (stayed !== PERMANENT) faults.push(`${stayed} of those who stay, among entries()`);
      const budget = 1 + (calls++ % 90);
      let looked = 0;
      swept += map.sweep(
        (slot) => {
          looked++;
          const key = map.keyOf(slot);
          return key >= PERMANENT && key % 2 === 0;
        },
        budget,
        (slot) => (told += map.keyOf(slot) >= PERMANENT ? 1 : 0),
      );
      // Twice for each that is picked: without the lock, and under it.
      if (looked > 2 * budget) faults.push(`${looked} looks within a budget of ${budget}`);
      const { size } = map;
      if (!(size >= PERMANENT && size <= CAPACITY)) faults.push(`size ${size}`);
    });
    expect(faults).toEqual([]);
    expect([strangers > 0, swept > 0, told]).toEqual([true, true, swept]);
    expect(map.size).toBe(PERMANENT + done.made - done.removed - swept);
    for (let key = 0; key < PERMANENT; key++) expect(map.has(key)).toBe(true);
    expect(auditMap(map)).toBe(undefined);
  }, 60_000);

  it("clear removes each entry once: what it does not see stays, and nothing is lost", async () => {
    using map = ShardedMap.create({ capacity: CAPACITY, key: "u32", recordBytes: 8, workers: 4, shards: 4 });
    let cleared = 0;
    const { made } = await beside(map, "come", () => {
      cleared += map.clear();
    });
    expect(made).toBeGreaterThan(CAPACITY);
    expect(cleared).toBeGreaterThan(0);
    expect(map.size).toBe(made - cleared);
    expect(map.clear()).toBe(made - cleared);
    expect(map.size).toBe(0);
    expect(auditMap(map)).toBe(undefined);
    expect(auditCapacity(map, 0)).toBe(undefined);
  }, 60_000);
});
