import { describe, expect, it } from "vitest";
import { ShardedMap } from "@udp-relay/sharded-map";
import type { ProbeLengths } from "@udp-relay/sharded-map";
import { auditMap, inGuard } from "./map-audit.ts";
import { randomFrom } from "./threads.ts";

/** 40 % of the index's cells: as full as a map of that size can be. */
const CAPACITY = 13_100;

/** Keys that somebody chose who knows the algorithm, but not the region's 128 bits. */
const attacks: readonly (readonly [name: string, keyAt: (index: number) => number])[] = [
  ["consecutive", (i) => i],
  ["consecutive in the highest byte first", (i) => Math.imul(i, 0x0100_0001)],
  ["multiples of 2^16 and their remainders", (i) => ((i << 16) | (i >>> 16)) >>> 0],
  ["multiples of the index's size", (i) => Math.imul(i, 32_768) ^ (i >>> 17)],
  // Products of small sets of bytes: the structure for which simple tabulation spreads least.
  ["two values in the high bytes, all in the low", (i) => ((i & 1) << 31) | ((i & 2) << 22) | (i >>> 2)],
  ["a grid of bytes", (i) => (i & 15) | ((i & 0xf0) << 4) | ((i & 0xf00) << 8) | ((i & 0xf000) << 12)],
  // Pairs that collide under every seed of the multiply-and-shift mix which the first prototype used.
  ["pairs that differ by 0x80000000", (i) => ((i >>> 1) | ((i & 1) << 31)) >>> 0],
  ["Gray code", (i) => (i ^ (i >>> 1)) >>> 0],
];

function expectShort({ hits, misses }: ProbeLengths): void {
  expect(hits.p99).toBeLessThanOrEqual(16);
  expect(misses.p99).toBeLessThanOrEqual(16);
}

describe("chosen keys", () => {
  it.each(attacks)("%s: p99 of the probes stays below 16 in a full table", (_name, keyAt) => {
    for (let seed = 0; seed < 4; seed++) {
      using map = ShardedMap.create({ capacity: CAPACITY, key: "u32" });
      inGuard(map, () => {
        for (let i = 0; i < CAPACITY; i++) map.getOrInsert(keyAt(i));
      });
      expect(map.size).toBe(CAPACITY);
      expectShort(map.probeLengths());
    }
  });

  it("endpoints of one host, one port, and one IPv6 prefix", () => {
    const sets = [
      (i: number) => ({ a0: 0, a1: 0, a2: 0xffff, a3: 0x0a000001, port: i, zone: 0 }),
      (i: number) => ({ a0: 0, a1: 0, a2: 0xffff, a3: Math.imul(i, 0x0100_0001), port: 53, zone: 0 }),
      (i: number) => ({ a0: 0x20010db8, a1: 0, a2: i & 0xff, a3: (i >>> 8) << 24, port: 5000, zone: 0 }),
      // Subnets of one prefix, hosts in a row, hosts under a stride, and what cancels out in a hash that only adds.
      (i: number) => ({ a0: 0x20010db8, a1: i, a2: 0, a3: 1, port: 5000, zone: 0 }),
      (i: number) => ({ a0: 0xfe80 << 16, a1: 0, a2: 0, a3: i, port: 5000, zone: 1 + (i & 3) }),
      (i: number) => ({ a0: 0x20010db8, a1: 0, a2: 0, a3: i << 17, port: i >>> 15, zone: 0 }),
      (i: number) => ({ a0: 0x20010db8 + i, a1: -i, a2: i, a3: -i, port: 5000, zone: 0 }),
      (i: number) => ({
        a0: 1 << (i & 31),
        a1: 1 << ((i >>> 5) & 31),
        a2: i >>> 10,
        a3: 0,
        port: 1,
        zone: 0,
      }),
    ];
    for (const endpointAt of sets) {
      using map = ShardedMap.create({ capacity: CAPACITY, key: "endpoint" });
      inGuard(map, () => {
        for (let i = 0; i < CAPACITY; i++) map.getOrInsertEndpoint(endpointAt(i));
      });
      expectShort(map.probeLengths());
    }
  });

  it("stays short while a full table is churned, and rebuilds one shard at a time for it", () => {
    using map = ShardedMap.create({ capacity: CAPACITY, key: "u32" });
    const random = randomFrom(3);
    const keys = Array.from({ length: CAPACITY }, (_, i) => i);
    inGuard(map, () => {
      for (const key of keys) map.getOrInsert(key);
    });
    let worst = 0;
    for (let n = 0; n < 200_000; n++) {
      const place = random() % CAPACITY;
      if (map.remove(keys[place]!) < 0) expect.unreachable(`key ${keys[place]!} is lost`);
      keys[place] = CAPACITY + n;
      if (inGuard(map, () => map.getOrInsert(keys[place]!)) < 0) expect.unreachable("refused");
      if (n % 20_000 === 0)
        worst = Math.max(worst, map.probeLengths().misses.p99, map.probeLengths().hits.p99);
    }
    console.log(`p99 of the probes at worst ${worst}, ${map.stats().rebuilds} rebuilds`);
    expect(worst).toBeLessThanOrEqual(16);
    expect(map.stats().rebuilds).toBeGreaterThan(0);
    expect(auditMap(map)).toBe(undefined);
  });

  it("two maps have different tables: what collides in one does not in the other", () => {
    const longest = (keys: readonly number[]): number => {
      using map = ShardedMap.create({ capacity: 4096, key: "u32", shards: 1 });
      inGuard(map, () => {
        for (const key of keys) map.getOrInsert(key);
      });
      return map.probeLengths().hits.max;
    };
    // 256 keys with one home, found by looking into a map of one's own.
    const collisions = (): number[] => {
      using map = ShardedMap.create({ capacity: 4096, key: "u32", shards: 1 });
      const tables = (map as unknown as { tables: Int32Array }).tables;
      const home = (key: number): number =>
        (tables[key & 255]! ^
          tables[256 + ((key >>> 8) & 255)]! ^
          tables[512 + ((key >>> 16) & 255)]! ^
          tables[768]!) &
        8191;
      const found: number[] = [];
      for (let key = 0; found.length < 256; key++) if (home(key) === 0) found.push(key);
      return found;
    };
    const keys = collisions();
    expect(longest(keys)).toBeLessThanOrEqual(16);
  });
});
