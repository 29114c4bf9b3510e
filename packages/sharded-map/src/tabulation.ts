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

/** Bytes of an endpoint: 16 of address, 2 of port, 4 of zone. A u32 key uses the first four tables. */
export const ENDPOINT_TABLES = 22;

const PORT = 16 * 256;
const ZONE = 18 * 256;
const MAPPED_PREFIX = 0xffff;

/** One thread's tables: `count` tables of 256 words, table after table. */
export function expandTables(
  seed: readonly [number, number, number, number],
  count: number,
): Int32Array<ArrayBuffer> {
  const tables = new Int32Array(count * 256);
  const input = new Int32Array(16);
  // "expand 16-byte k", the constants of a 128-bit key (Bernstein, "ChaCha, a variant of Salsa20", 2008).
  input.set([0x61707865, 0x3120646e, 0x79622d36, 0x6b206574, ...seed, ...seed, 0, 0, 0, 0]);
  const block = new Int32Array(16);
  for (let counter = 0; counter * 16 < tables.length; counter++) {
    input[12] = counter;
    chaCha8(input, block);
    tables.set(block, counter * 16);
  }
  return tables;
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

function hashWord(tables: Int32Array<ArrayBuffer>, at: number, value: number): number {
  return (
    tables[at + (value & 255)]! ^
    tables[at + 256 + ((value >>> 8) & 255)]! ^
    tables[at + 512 + ((value >>> 16) & 255)]! ^
    tables[at + 768 + (value >>> 24)]!
  );
}

/** What every IPv4 endpoint without a zone has in common, so that its hash costs six words instead of 22. */
export function mappedPrefixHash(tables: Int32Array<ArrayBuffer>): number {
  return (
    hashWord(tables, 0, 0) ^
    hashWord(tables, 1024, 0) ^
    hashWord(tables, 2048, MAPPED_PREFIX) ^
    hashWord(tables, ZONE, 0)
  );
}

/** The hash of an endpoint's words, as int32; `mapped` is `mappedPrefixHash(tables)`. */
export function hashEndpointWords(
  tables: Int32Array<ArrayBuffer>,
  mapped: number,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  port: number,
  zone: number,
): number {
  const tail =
    tables[3072 + (a3 & 255)]! ^
    tables[3328 + ((a3 >>> 8) & 255)]! ^
    tables[3584 + ((a3 >>> 16) & 255)]! ^
    tables[3840 + (a3 >>> 24)]! ^
    tables[PORT + (port & 255)]! ^
    tables[PORT + 256 + ((port >>> 8) & 255)]!;
  if ((a0 | a1 | (a2 ^ MAPPED_PREFIX) | zone) === 0) return mapped ^ tail;
  return (
    tail ^
    hashWord(tables, 0, a0) ^
    hashWord(tables, 1024, a1) ^
    hashWord(tables, 2048, a2) ^
    hashWord(tables, ZONE, zone)
  );
}
