/**
 * Milliseconds from tick `then` to tick `now`, 0 if `then` is ahead: within a batch, or because it was stamped in the
 * future. Right across the wrap of the u32 tick, for distances below 2^31 ms (24.8 days).
 *
 * The clock's `elapsedMs` takes a `then` of more than 65 s ahead for one of 49 days ago. Records must not: one datagram
 * stamped in the future would time its client out. Here the worst is a client idle for 24.8 days unswept, which looks
 * fresh until it is next swept: the sweep finds its stamp ahead, sets it right, and it expires one timeout later.
 */
export function sinceMs(now: number, then: number): number {
  const distance = (now - then) | 0;
  return distance > 0 ? distance : 0;
}

/**
 * How far, in ms, a stamp may be ahead of a thread's tick before it is taken for one of the future: threads read the
 * clock once a batch, so that a record may well be younger than the tick of the thread that reads it.
 */
export const TICK_SKEW_MS = 1_000;

/** Whether `then` is so far ahead of `now` that no batch explains it. */
export function isFuture(now: number, then: number): boolean {
  return ((then - now) | 0) > TICK_SKEW_MS;
}
