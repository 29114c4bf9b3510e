/**
 * Every access of this package to shared memory. Under the export condition `@udp-relay/model-check` its place is
 * taken by shared-cell-model.ts, so that what is checked is the shipped source of everything above this file.
 *
 * All accesses are atomic: a plain read may be hoisted out of the loop that waits for it to change (Bun does that),
 * and two of them may give a newer value first and an older one after.
 */

/** Concurrency: any thread, no wait. */
export function load(words: Int32Array, index: number): number {
  return Atomics.load(words, index);
}

/** Concurrency: any thread, no wait. */
export function store(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value);
}

/** Gives the old value; the word was replaced if that is `expected`. Concurrency: any thread, no wait. */
export function compareExchange(words: Int32Array, index: number, expected: number, value: number): number {
  return Atomics.compareExchange(words, index, expected, value);
}

/** Concurrency: any thread, no wait, never torn. Exact up to 2^53. */
export function load64(longs: BigInt64Array, index: number): number {
  return Number(Atomics.load(longs, index));
}

/** Concurrency: any thread, no wait, never torn. `value` is whole. */
export function store64(longs: BigInt64Array, index: number, value: number): void {
  Atomics.store(longs, index, BigInt(value));
}

/** Concurrency: blocks for up to `timeoutMs` while the word is `expected`; not on a page's main thread. */
export function wait(
  words: Int32Array<SharedArrayBuffer>,
  index: number,
  expected: number,
  timeoutMs: number,
): "ok" | "not-equal" | "timed-out" {
  return Atomics.wait(words, index, expected, timeoutMs);
}

/** Concurrency: any thread, no wait; wakes those who wait. */
export function notify(words: Int32Array<SharedArrayBuffer>, index: number): number {
  return Atomics.notify(words, index);
}
