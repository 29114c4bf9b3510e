import { peek, poke } from "@udp-relay/atomics-layout/memory";
import type { RecordWords } from "./record-memory.ts";

/*
 * A count up to 2^53 in two words that stays right when its writer dies between the two stores: the low word counts
 * modulo 2^32, the high word counts crossings of 2^31. If the high word's parity and the low word's top bit differ,
 * the high word is one behind: it was not stored yet.
 */
const HALF = 2 ** 31;

/** Adds a whole `amount` in 0..2^31. Concurrency: the holder of the record's lock. */
export function countUp(record: RecordWords, index: number, amount: number): void {
  const after = totalOf(peek(record, index), peek(record, index + 1)) + amount;
  const crossings = Math.floor(after / HALF);
  poke(record, index, after | 0);
  if (crossings !== peek(record, index + 1)) poke(record, index + 1, crossings);
}

/** Takes 1 away, not below 0. Concurrency: as {@link countUp}. */
export function countDown(record: RecordWords, index: number): void {
  const before = totalOf(peek(record, index), peek(record, index + 1));
  if (before === 0) return;
  // The high word first: one behind is what a reader can repair, one ahead is not.
  const crossings = Math.floor((before - 1) / HALF);
  if (crossings !== peek(record, index + 1)) poke(record, index + 1, crossings);
  poke(record, index, (before - 1) | 0);
}

/** The count that a low and a high word stand for. */
export function totalOf(low: number, high: number): number {
  const crossings = (high & 1) === low >>> 31 ? high : high + 1;
  return crossings * HALF + (low & 0x7fff_ffff);
}
