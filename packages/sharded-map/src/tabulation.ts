import type { RegionOps } from "@udp-relay/atomics-layout/memory";

/**
 * Simple tabulation hashing (Zobrist 1970; Pătraşcu and Thorup, "The power of simple tabulation hashing", J. ACM 59(3),
 * 2012): the XOR of one random word for each byte of the key. It is 3-independent and keeps linear probing at constant
 * expected length for every set of keys that was chosen without knowing the tables (their theorem 1.2), which a
 * multiply-and-shift mix with a seed does not: that one has pairs of keys that collide under every seed.
 *
 * The tables are the key stream of ChaCha8 under the region's 128-bit seed, so that all threads agree on them, they cost
 * the region nothing, and no linear relation between their words is known. (A linear generator would not do: sums of its
 * words vanish for every seed, and with them differences of hashes.)
 */

/** Four tables, for the four bytes of a u32 key. */
export const U32_WORDS: number = 4 * 256;

/** Ten tables, for the bytes of an endpoint: 4 of its host, 2 of port, 4 of zone; then the multipliers of the host's. */
export const ENDPOINT_WORDS: number = 10 * 256 + 16;

const ZONE = 6 * 256;
const MULTIPLIERS = 10 * 256;

/** One thread's tables of 256 words, table after table. */
export function expandTables(
  seed: readonly [number, number, number, number],
  words: number,
): Int32Array<ArrayBuffer> {
  const tables = new Int32Array(words);
  const input = new Int32Array(16);
  // "expand 16-byte k", the constants of a 128-bit key (Bernstein, "ChaCha, a variant of Salsa20", 2008).
  input.set([0x61707865, 0x3120646e, 0x79622d36, 0x6b206574, ...seed, ...seed, 0, 0, 0, 0]);
  const block = new Int32Array(16);
  for (let counter = 0; counter * 16 < tables.length; counter++) {
    input[12] = counter;
    chaCha8(input, block);
    tables.set(block, counter * 16);
  }
  if (words === ENDPOINT_WORDS) leaveOutNoZone(tables);
  return tables;
}

/**
 * Shifts the zone's tables so that zone 0, which is nearly every endpoint's, hashes to 0 and needs no look: it is the same
 * function but for a constant, which is XORed to all hashes alike.
 */
function leaveOutNoZone(tables: Int32Array<ArrayBuffer>): void {
  for (let table = ZONE; table < MULTIPLIERS; table += 256) {
    const none = word(tables, table);
    for (let byte = 0; byte < 256; byte++) tables[table + byte] = word(tables, table + byte) ^ none;
  }
}

function chaCha8(input: Int32Array, block: Int32Array): void {
  block.set(input);
  for (let round = 0; round < 4; round++) {
    for (let column = 0; column < 4; column++) {
      quarterRound(block, column, column + 4, column + 8, column + 12);
    }
    quarterRound(block, 0, 5, 10, 15);
    quarterRound(block, 1, 6, 11, 12);
    quarterRound(block, 2, 7, 8, 13);
    quarterRound(block, 3, 4, 9, 14);
  }
  for (let i = 0; i < 16; i++) block[i] = word(block, i) + word(input, i);
}

function quarterRound(x: Int32Array, a: number, b: number, c: number, d: number): void {
  x[a] = word(x, a) + word(x, b);
  x[d] = rotate(word(x, d) ^ word(x, a), 16);
  x[c] = word(x, c) + word(x, d);
  x[b] = rotate(word(x, b) ^ word(x, c), 12);
  x[a] = word(x, a) + word(x, b);
  x[d] = rotate(word(x, d) ^ word(x, a), 8);
  x[c] = word(x, c) + word(x, d);
  x[b] = rotate(word(x, b) ^ word(x, c), 7);
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function word(tables: Int32Array, index: number): number {
  return tables[index]!;
}

// Indexing is in bounds by construction, and spelled out: one call less on the hottest path is a call less to inline.

/** The hash of a u32 key, as int32. */
export function hashU32(tables: Int32Array<ArrayBuffer>, key: number): number {
  return (
    tables[key & 255]! ^
    tables[256 + ((key >>> 8) & 255)]! ^
    tables[512 + ((key >>> 16) & 255)]! ^
    tables[768 + (key >>> 24)]!
  );
}

/** The hash of an IPv4 endpoint without a zone, as int32. A port's higher bits do not matter. */
export function hashIPv4(tables: Int32Array<ArrayBuffer>, host: number, port: number): number {
  return mix(
    tables[host & 255]! ^
      tables[256 + ((host >>> 8) & 255)]! ^
      tables[512 + ((host >>> 16) & 255)]! ^
      tables[768 + (host >>> 24)]! ^
      tables[1024 + (port & 255)]! ^
      tables[1280 + ((port >>> 8) & 255)]!,
  );
}

/**
 * XOR is linear: of keys with a few values in each of many bytes the hashes are sums of few differences, and where those
 * are dependent in the bits that choose a cell, whole sets of keys share theirs (13,100 endpoints with five values in each
 * of six bytes: more than 16 probes in 8 of 1,000 seeds, 37 at worst). The product's upper bits depend on all bits of the
 * sum, and not linearly. A u32 key has four bytes, and a full table of them more values in each: it goes without.
 */
function mix(sum: number): number {
  return sum ^ (Math.imul(sum, 0x9e3779b1) >>> 15);
}

/**
 * The hash of any other endpoint, as int32; `host` is what the region's `multilinear` makes of its address's four words.
 *
 * Tabulating the address itself would take 16 tables, which push everything else out of the processor's nearest cache, and
 * twice the time. Two addresses get one host under 2^-32 of the seeds; what tabulation promises for every set of keys, it
 * promises for the set of hosts. (Reducing a universe first: section 1 of Pătraşcu and Thorup.)
 */
export function hashOther(tables: Int32Array<ArrayBuffer>, host: number, port: number, zone: number): number {
  const hash = hashIPv4(tables, host, port);
  return zone === 0 ? hash : hash ^ hashZone(tables, zone);
}

function hashZone(tables: Int32Array<ArrayBuffer>, zone: number): number {
  return (
    tables[ZONE + (zone & 255)]! ^
    tables[ZONE + 256 + ((zone >>> 8) & 255)]! ^
    tables[ZONE + 512 + ((zone >>> 16) & 255)]! ^
    tables[ZONE + 768 + (zone >>> 24)]!
  );
}

/** Gives a region's instance the multipliers for the hosts of `hashOther`. */
export function setMultipliers(ops: RegionOps, tables: Int32Array<ArrayBuffer>): void {
  const at = (index: number): number => tables[MULTIPLIERS + index]!;
  ops.setMultipliers(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
}

/** Whether an endpoint is an IPv4 one, without a zone: ::ffff:a.b.c.d */
export function isIPv4(a0: number, a1: number, a2: number, zone: number): boolean {
  return (a0 | a1 | (a2 ^ 0xffff) | zone) === 0;
}
