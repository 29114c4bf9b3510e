import { peek, poke } from "@udp-relay/atomics-layout/memory";
import type { RegionOps, Words } from "@udp-relay/atomics-layout/memory";

/**
 * 64-bit fields, where a region's operations do not say it all: plain access to immutable ones, and
 * read-modify-write of signed ones. (Those operations return the value before as unsigned, and a double does not
 * hold -1 as 2^64 - 1.) Values are exact within ±2^53.
 */

const WORD = 2 ** 32;

/** Two plain words as u64. Concurrency: any thread, while nobody writes. */
export function readLong(words: Words, index: number): number {
  return (peek(words, index + 1) >>> 0) * WORD + (peek(words, index) >>> 0);
}

/** Two plain words as i64. Concurrency: any thread, while nobody writes. */
export function readSignedLong(words: Words, index: number): number {
  return signed(peek(words, index), peek(words, index + 1));
}

/** Two plain words, u64 or i64. Concurrency: the record's initialiser, before anybody reads. */
export function writeLong(words: Words, index: number, value: number): void {
  poke(words, index, value | 0);
  poke(words, index + 1, highWord(value));
}

/** Adds and returns the value before. Concurrency: any thread; lock-free, repeated only when another thread succeeded. */
export function addSigned(ops: RegionOps, byteOffset: number, amount: number): number {
  for (;;) {
    const low = ops.loadPair(byteOffset);
    const high = ops.pairHigh();
    const before = signed(low, high);
    const after = before + amount;
    if (ops.casPair(byteOffset, low, high, after | 0, highWord(after)) === 1) return before;
  }
}

/** Stores and returns the value before. Concurrency: any thread; atomic. */
export function exchangeSigned(ops: RegionOps, byteOffset: number, value: number): number {
  const low = ops.exchangePair(byteOffset, value | 0, highWord(value));
  return signed(low, ops.pairHigh());
}

/** Returns the value before: it was replaced if that equals `expected`. Concurrency: any thread; atomic. */
export function compareExchangeSigned(
  ops: RegionOps,
  byteOffset: number,
  expected: number,
  replacement: number,
): number {
  ops.casPair(byteOffset, expected | 0, highWord(expected), replacement | 0, highWord(replacement));
  return signed(ops.pairLow(), ops.pairHigh());
}

function signed(low: number, high: number): number {
  return high * WORD + (low >>> 0);
}

function highWord(value: number): number {
  return Math.floor(value / WORD) | 0;
}
