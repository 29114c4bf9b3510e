/**
 * Where a thread's own `performance.now()` starts, as a unix time: what threads compare to agree on one origin.
 *
 * - Node: all threads of a process share `performance.timeOrigin`. Pages: each worker has its own, taken from one
 *   monotonic clock (W3C High Resolution Time, section 5), so that differences are exact whatever the wall clock did.
 * - Bun: `performance.now()`, `hrtime` and `nanoseconds()` restart in each worker, and `timeOrigin` is the wall time
 *   at that moment. The wall clock may have been set between the starts of two threads, so that the epoch has to be
 *   measured against the wall clock as it is now, on both sides.
 */
export function threadEpochMs(): number {
  const origin = performance.timeOrigin;
  if (!epochMoves) return origin;
  const driftMs = Date.now() + 0.5 - (origin + performance.now());
  return Math.abs(driftMs) <= DRIFT_TOLERANCE_MS ? origin : origin + driftMs;
}

/** Whether a thread's epoch has to be measured again because it is only known by the wall clock. */
export const epochMoves: boolean = "Bun" in globalThis;

/** `Date.now()` is cut to whole ms; within this much of it the finer `timeOrigin` is taken as still right. */
const DRIFT_TOLERANCE_MS = 1;
