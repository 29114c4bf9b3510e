/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { describe, expect, it } from "vitest";
import { attachRegion } from "@udp-relay/atomics-layout";
import { ABSENT, FULL, ShardedMap } from "@udp-relay/sharded-map";
import { controlAt, MAX_GENERATION } from "../src/identity.ts";
import { auditCapacity, auditMap, inGuard, memoryOf } from "./map-audit.ts";

describe("limits", () => {
  it("holds 1,000,000 u32 entries with an 8-byte value in 40 MB, fixed at creation", () => {
    using map = ShardedMap.create({ capacity: 1_000_000, key: "u32", recordBytes: 8 });
    const { byteLength } = map.region.memory.buffer;
    console.log(`1,000,000 u32 entries with 8 bytes each: ${(byteLength / 1e6).toFixed(1)} MB`);
    expect(byteLength).toBeLessThanOrEqual(40_000_000);
    using _guard = map.enter();
    for (let key = 0; key < 1_000_000; key++)
      if (map.getOrInsert(Math.imul(key, 2_654_435_761)) < 0) expect.unreachable();
    expect(map.getOrInsert(7)).toBe(FULL);
    expect(map.size).toBe(1_000_000);
    let missing = 0;
    for (let key = 0; key < 1_000_000; key++) if (map.get(Math.imul(key, 2_654_435_761)) < 0) missing++;
    expect(missing).toBe(0);
    expect(map.region.memory.buffer.byteLength).toBe(byteLength);
    const { hits, misses } = map.probeLengths();
    expect(Math.max(hits.p99, misses.p99)).toBeLessThanOrEqual(16);
  }, 60_000);

  it.each([
    [1, 1],
    [2, 1],
    [3, 2],
    [100, 8],
    [1000, 256],
    [5000, undefined],
  ])("capacity %i over %s shards: exactly so many, again and again", (capacity, shards) => {
    using map = ShardedMap.create({ capacity, key: "u32", shards });
    for (let round = 0; round < 5; round++) {
      expect(auditCapacity(map, round * 10_000)).toBe(undefined);
      expect(map.size).toBe(0);
    }
    if (shards !== undefined) expect(map.stats().shards.length).toBe(shards);
    expect(auditMap(map)).toBe(undefined);
  });

  it("uses slots again first in, first out", () => {
    using map = ShardedMap.create({ capacity: 8, key: "u32", shards: 1, workers: 1, batch: 8 });
    const order: number[] = [];
    for (let key = 0; key < 64; key++) {
      order.push(inGuard(map, () => map.getOrInsert(key)));
      map.remove(key);
    }
    expect(order.slice(16)).toEqual(order.slice(0, 48));
    expect(new Set(order).size).toBe(16);
  });

  it("takes a slot whose generations are used up out of use, counted", () => {
    using map = ShardedMap.create({ capacity: 1, key: "u32", shards: 1, workers: 1, batch: 1 });
    const memory = memoryOf(map);
    memory.words[controlAt(memory, 0)] = (MAX_GENERATION - 1) << 4;
    const lives: number[] = [];
    for (let life = 0; life < 6; life++) {
      const slot = inGuard(map, () => map.getOrInsert(life));
      expect(slot).toBeGreaterThanOrEqual(0);
      lives.push(slot);
      const handle = inGuard(map, () => map.handle(slot));
      expect(handle).toBeLessThan(2 ** 52);
      expect(map.resolve(handle)).toBe(slot);
      map.remove(life);
      expect(map.resolve(handle)).toBe(ABSENT);
    }
    expect(lives.filter((slot) => slot === 0).length).toBe(1);
    expect(map.stats().retiredSlots).toBe(1);
    expect(auditMap(map)).toBe(undefined);
  });

  it("refuses handles that are none", () => {
    using map = ShardedMap.create({ capacity: 4, key: "u32" });
    inGuard(map, () => map.getOrInsert(1));
    for (const handle of [0, -1, NaN, Infinity, 0.5, 2 ** 24 - 1, 2 ** 60, 2 ** 24 * 2, 2 ** 24 + 1]) {
      expect(map.resolve(handle)).toBe(ABSENT);
      expect(map.removeHandle(handle)).toBe(ABSENT);
      expect(map.rekey(handle, 9)).toBe(ABSENT);
    }
    expect(map.size).toBe(1);
  });

  it("is attached by its own layout only, and by as many threads as it has owners", () => {
    const layout = { name: "Thing", hash: 77, byteLength: 64, lineBytes: 64 as const, updates: [] };
    using map = ShardedMap.create({ capacity: 4, key: "u32", record: layout, owners: 2 });
    expect(() => ShardedMap.attach(map.shared)).toThrow(
      expect.objectContaining({ code: "ERR_REGION_LAYOUT" }),
    );
    expect(() => attachRegion(map.region.shared, layout)).toThrow();
    const other = ShardedMap.attach(map.shared, { record: layout });
    expect(() => ShardedMap.attach(map.shared, { record: layout })).toThrow(
      expect.objectContaining({ code: "ERR_REGION_OWNERS" }),
    );
    inGuard(other, () => other.getOrInsert(3));
    other[Symbol.dispose]();
    using third = ShardedMap.attach(map.shared, { record: layout });
    expect(third.has(3)).toBe(true);
    expect(map.region.section("records").byteLength).toBe(64 * memoryOf(map).shape.slots);
  });
});
