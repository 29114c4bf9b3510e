/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { describe, expect, it } from "vitest";
import { compareExchange, store } from "@udp-relay/atomics-layout/memory";
import { ABSENT, BUSY, ShardedMap } from "@udp-relay/sharded-map";
import { shardOfHash } from "../src/index-segment.ts";
import { LOCK, shardAt } from "../src/map-memory.ts";
import { hashU32 } from "../src/tabulation.ts";
import { auditMap, inGuard, memoryOf } from "./map-audit.ts";

const SHARDS = 8;

/** The first `count` keys from `from` on that belong to a shard. */
function keysOfShard(map: ShardedMap, shard: number, count: number, from = 0): number[] {
  const memory = memoryOf(map);
  const keys: number[] = [];
  for (let key = from; keys.length < count; key++) {
    if (shardOfHash(memory, hashU32(memory.tables, key)) === shard) keys.push(key);
  }
  return keys;
}

describe("shards", () => {
  it("are contended for apart: where one is locked by somebody who stands still, the others go on", () => {
    using map = ShardedMap.create({
      capacity: 200,
      key: "u32",
      shards: SHARDS,
      patience: { lockSpins: 4, restSpins: 4 },
    });
    using other = ShardedMap.attach(map.shared);
    const present = Array.from({ length: SHARDS }, (_, shard) => keysOfShard(map, shard, 1)[0]!);
    inGuard(map, () => {
      for (const key of present) map.getOrInsert(key);
    });
    const { words, ...memory } = memoryOf(other);
    const lock = shardAt(memoryOf(other), 3) + LOCK;
    expect(compareExchange(words, lock, 0, memory.ownerId)).toBe(0);
    for (let shard = 0; shard < SHARDS; shard++) {
      const [newcomer] = keysOfShard(map, shard, 1, 10_000) as [number];
      const inserted = inGuard(map, () => map.getOrInsert(newcomer));
      const found = inGuard(map, () => map.get(present[shard]!));
      const removed = map.remove(present[shard]!);
      // Lookups do not care. Newcomers and removals of the one shard are refused, and no others.
      expect(found).toBeGreaterThanOrEqual(0);
      if (shard === 3) expect([inserted, removed]).toEqual([BUSY, BUSY]);
      else expect(Math.min(inserted, removed)).toBeGreaterThanOrEqual(0);
    }
    expect(map.stats().busy).toBe(2);
    store(words, lock, 0);
    expect(map.remove(present[3]!)).toBeGreaterThanOrEqual(0);
    expect(map.size).toBe(SHARDS - 1);
    expect(auditMap(map)).toBe(undefined);
  });

  it("are counted and rebuilt apart: a flood of one shard's keys rebuilds that one, and no other", () => {
    using map = ShardedMap.create({ capacity: 400, key: "u32", shards: SHARDS });
    // The flooded one is nearly as full as a shard may be, so that what goes leaves tombstones.
    const { cellMask } = memoryOf(map);
    const counts = Array.from({ length: SHARDS }, (_, shard) =>
      shard === 5 ? Math.floor(cellMask * 0.43) : shard + 10,
    );
    inGuard(map, () => {
      counts.forEach((count, shard) => {
        for (const key of keysOfShard(map, shard, count)) map.getOrInsert(key);
      });
    });
    for (const key of keysOfShard(map, 5, 3_000, 1_000_000)) {
      if (inGuard(map, () => map.getOrInsert(key)) < 0 || map.remove(key) < 0) expect.unreachable("refused");
    }
    const { shards } = map.stats();
    expect(shards.map(({ entries }) => entries)).toEqual(counts);
    expect(shards.map(({ rebuilds }) => rebuilds > 0)).toEqual(shards.map((_, shard) => shard === 5));
    expect(auditMap(map)).toBe(undefined);
  });
});

describe("lookups", () => {
  it("write nothing: the region is the same, byte for byte, after any number of them in a guard", () => {
    using map = ShardedMap.create({ capacity: 300, key: "u32", recordBytes: 8 });
    inGuard(map, () => {
      for (let key = 0; key < 300; key++) map.getOrInsert(key);
    });
    for (let key = 0; key < 100; key++) map.remove(key);
    using guard = map.enter();
    const handle = map.handle(map.get(200));
    const before = new Uint8Array(map.region.memory.buffer).slice();
    for (let key = 0; key < 600; key++) {
      const slot = map.get(key);
      expect(slot >= 0).toBe(key >= 100 && key < 300);
      if (slot >= 0) expect([map.keyOf(slot), map.resolve(map.handle(slot))]).toEqual([key, slot]);
      expect(map.has(key)).toBe(slot !== ABSENT);
    }
    expect(map.isCurrent(handle)).toBe(true);
    map.forEach((slot) => map.keyOf(slot));
    expect([...map.entries()].length).toBe(map.size);
    map.stats();
    map.probeLengths();
    expect(guard.depth).toBe(1);
    expect(Buffer.compare(before, new Uint8Array(map.region.memory.buffer))).toBe(0);
  });
});
