/** `then` may be this far ahead of `now` and still counts as "just now": 65,536 ms. */
const AHEAD_MS = 0x1_0000;

/**
 * Milliseconds from tick `then` to tick `now`, 0..4294901760, right across the wrap of the u32 tick after 49.7 days.
 *
 * A `then` that is up to 65.5 s *ahead* of `now` gives 0. Another thread stamps a record while this one still works
 * with the tick it read before; a bare `(now - then) >>> 0` calls that 49.7 days and times out a live client.
 */
export function elapsedMs(now: number, then: number): number {
  const elapsed = (now - then) >>> 0;
  return elapsed > 0xffff_ffff - AHEAD_MS ? 0 : elapsed;
}
