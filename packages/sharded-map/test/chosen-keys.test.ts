import { describe, expect, it } from "vitest";
import { ShardedMap } from "@udp-relay/sharded-map";
import type { EndpointWords, ProbeLengths } from "@udp-relay/sharded-map";
import { ENDPOINT_WORDS, expandTables, hashIPv4 } from "../src/tabulation.ts";
import { auditMap, inGuard } from "./map-audit.ts";
import { long, randomFrom } from "./threads.ts";

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

const ENDPOINT_SEEDS = long ? 10 : 1;

const ipv4 = (a3: number, port: number): EndpointWords => ({ a0: 0, a1: 0, a2: 0xffff, a3, port, zone: 0 });
const ipv6 = (a0: number, a1: number, a2: number, a3: number, port: number): EndpointWords => ({
  ...{ a0, a1, a2, a3, port },
  zone: 0,
});

/** The 18 bytes of an address and its port. */
function ofBytes(bytes: readonly number[]): EndpointWords {
  const word = (at: number): number => bytes.slice(at, at + 4).reduce((sum, byte) => (sum << 8) | byte, 0);
  return ipv6(word(0), word(4), word(8), word(12), (bytes[16]! << 8) | bytes[17]!);
}

/** 2001:db8::1, port 5000. */
const HOST = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x13, 0x88];
const BITS = 18 * 8;

function flip(bytes: readonly number[], ...bits: readonly number[]): number[] {
  return bits.reduce(
    (turned, bit) => turned.with(bit >>> 3, turned[bit >>> 3]! ^ (1 << (bit & 7))),
    [...bytes],
  );
}

/** All that differ from one endpoint in three bits, those that have the first bits in common first. */
const threeBits: readonly (readonly [number, number, number])[] = Array.from({ length: BITS }, (_, a) =>
  Array.from({ length: a }, (_, b) => Array.from({ length: b }, (_, c) => [a, b, c] as const)).flat(),
).flat();

const basis = Array.from({ length: 14 }, (_, row) => {
  const random = randomFrom(row + 1);
  return HOST.map(() => random() & 255);
});

/** The same for endpoints: dense, of low entropy, alike in all but few bits, closed under XOR. */
const endpointAttacks: readonly (readonly [name: string, endpointAt: (index: number) => EndpointWords])[] = [
  ["one IPv4 host, port after port", (i) => ipv4(0x0a000001, i)],
  ["one IPv4 host, ports that begin at 50,000", (i) => ipv4(0x0a000001, 50_000 + i)],
  ["one port, IPv4 hosts in the highest byte first", (i) => ipv4(Math.imul(i, 0x0100_0001), 53)],
  ["128 IPv4 hosts with the same 103 ports", (i) => ipv4(0x0a000000 + (i & 127), 4_000 + (i >>> 7))],
  ["five values in each of an IPv4 endpoint's six bytes", (i) => ipv4Grid(i)],
  ["a dense interval of IPv6 hosts", (i) => ipv6(0x20010db8, 0, 0, i, 5_000)],
  ["an IPv6 interval across a carry", (i) => ipv6(0x20010db8, 0, +(i > 6_000), i - 6_000, 5_000)],
  ["IPv6 networks, ::1 of each", (i) => ipv6(0x20010db8, i, 0, 1, 5_000)],
  ["one IPv6 host, port after port", (i) => ipv6(0x20010db8, 0, 0, 1, i)],
  ["IPv6 addresses made of one maker's MACs", (i) => ipv6(0x20010db8, 7, 0x021122ff, 0xfe000000 + i, 5_000)],
  ["an IPv6 prefix, bits in two words", (i) => ipv6(0x20010db8, 0, i & 0xff, (i >>> 8) << 24, 5_000)],
  ["one bit in each of 14 bytes", (i) => ofBytes(flip(HOST, ...bitsOf(i).map((bit) => bit * 8)))],
  [
    "14 bits of the low bytes of seven words' halves",
    (i) => ofBytes(flip(HOST, ...bitsOf(i).map((bit) => (bit >> 1) * 16 + (bit & 1)))),
  ],
  ["one endpoint with three bits turned", (i) => ofBytes(flip(HOST, ...threeBits[i]!))],
  [
    "one endpoint with three bits turned, the last ones",
    (i) => ofBytes(flip(HOST, ...threeBits.at(-1 - i)!)),
  ],
  [
    "all sums of 14 endpoints, closed under XOR",
    (i) =>
      ofBytes(
        bitsOf(i).reduce(
          (sum, row) => sum.map((byte, at) => byte ^ basis[row]![at]!),
          HOST.map(() => 0),
        ),
      ),
  ],
  // What cancels out in a hash that only adds.
  ["IPv6 words that grow and fall together", (i) => ipv6(0x20010db8 + i, -i, i, -i, 5_000)],
  ["IPv6 hosts and ports under a stride", (i) => ipv6(0x20010db8, 0, 0, i << 17, i >>> 15)],
  [
    "one bit in each of an IPv6 address's words",
    (i) => ipv6(1 << (i & 31), 1 << ((i >>> 5) & 31), i >>> 10, 0, 1),
  ],
  ["link-local hosts in four zones", (i) => ({ ...ipv6(0xfe80 << 16, 0, 0, i, 5_000), zone: 1 + (i & 3) })],
  ["one link-local address in every zone", (i) => ({ ...ipv6(0xfe800000 | 0, 0, 0, 1, 5_000), zone: i })],
];

function ipv4Grid(index: number): EndpointWords {
  const [a, b, c, d, e, f] = [1, 5, 25, 125, 625, 3125].map((unit) => Math.floor(index / unit) % 5);
  return ipv4((a! << 24) | (b! << 16) | (c! << 8) | d!, (e! << 8) | f!);
}

function bitsOf(index: number): number[] {
  return Array.from({ length: 14 }, (_, bit) => bit).filter((bit) => ((index >>> bit) & 1) !== 0);
}

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

  it.each(endpointAttacks)("%s: p99 of the probes stays below 16 in a full table", (_name, endpointAt) => {
    for (let seed = 0; seed < ENDPOINT_SEEDS; seed++) {
      using map = ShardedMap.create({ capacity: CAPACITY, key: "endpoint" });
      inGuard(map, () => {
        for (let i = 0; i < CAPACITY; i++) map.getOrInsertEndpoint(endpointAt(i));
      });
      expect(map.size).toBe(CAPACITY);
      expectShort(map.probeLengths());
    }
  });

  it("what two bytes of an endpoint change in its hash does not add up: no set of keys is a linear space of cells", () => {
    const random = randomFrom(5);
    const tables = expandTables([random(), random(), random(), random()], ENDPOINT_WORDS);
    let sums = 0;
    let pairs = 0;
    for (let one = 0; one < 48; one++) {
      for (let two = 0; two < one; two++) {
        if (one >> 3 === two >> 3) continue;
        const turned = [[], [one], [two], [one, two]].map((bits) => {
          const [host, port] = bits.reduce<[number, number]>(
            ([a3, word], bit): [number, number] =>
              bit < 32 ? [a3 ^ (1 << bit), word] : [a3, word ^ (1 << (bit - 32))],
            [0x0a000001, 5_000],
          );
          return hashIPv4(tables, host, port);
        });
        pairs++;
        // Of 2^13 cells.
        if ((turned.reduce((sum, each) => sum ^ each, 0) & 0x1fff) === 0) sums++;
      }
    }
    expect(pairs).toBe(960);
    expect(sums).toBeLessThan(10);
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
