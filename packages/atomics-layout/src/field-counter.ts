import { load, peek, poke, store } from "@udp-relay/atomics-layout/memory";
import type { RegionOps, Words } from "@udp-relay/atomics-layout/memory";

/**
 * 64-bit counters with one writer for life: two words that need no atomic operation but once in 2^31.
 *
 *     word 0  low: the count modulo 2^32
 *     word 1  crossings: how often the count crossed a multiple of 2^31
 *
 * Bit 31 of `low` is the *overlap*: it must equal bit 0 of `crossings`. The writer stores `low` first, plainly, and
 * a crossing after it, atomically, so `low` is never behind; a reader that takes both words at one instant finds the
 * overlap unequal exactly when the crossing is still to come, and counts it in. Two plain words with a carry, or
 * reading high, low, high, are both wrong: a reader may sleep between any two reads.
 */

const HALF = 2 ** 31;

/** The count, exact to 2^53. Concurrency: any thread; never waits, may be behind the writer's last plain stores. */
export function readCounter(ops: RegionOps, byteOffset: number): number {
  const low = ops.loadPair(byteOffset);
  const crossings = ops.pairHigh();
  return ((crossings >>> 0) + ((crossings & 1) ^ (low >>> 31))) * HALF + (low & 0x7fff_ffff);
}

/**
 * Adds 0..2^31-1 to the count whose low word has this index; see `addToCounter` for any other amount.
 *
 * Concurrency: the counter's single writer only.
 */
export function advanceCounter(words: Words, index: number, amount: number): void {
  const low = peek(words, index);
  const next = (low + amount) | 0;
  poke(words, index, next);
  if ((low ^ next) >= 0) return;
  store(words, index + 1, (peek(words, index + 1) + 1) | 0);
  // The next plain store must not be visible before the crossing, if it makes another one: an atomic load orders it.
  load(words, index + 1);
}

/** Sets the count to 0..2^53, at one instant. Concurrency: the counter's single writer only. */
export function writeCounter(ops: RegionOps, byteOffset: number, value: number): void {
  ops.storePair(byteOffset, value | 0, Math.floor(value / HALF) | 0);
}

/**
 * Adds any integer that keeps the count within 0..2^53; what is no number adds nothing, as with `add64`.
 *
 * Concurrency: the counter's single writer only.
 */
export function addToCounter(ops: RegionOps, words: Words, index: number, amount: number): void {
  if (amount >= 0 && amount < HALF) {
    advanceCounter(words, index, amount);
    return;
  }
  const sum = readCounter(ops, index << 2) + amount;
  if (Number.isFinite(sum)) writeCounter(ops, index << 2, sum);
}
