/**
 * Where this thread's `performance.now()` was 0, as a unix time in ms: what threads compare to agree on one origin.
 *
 * - Node: all threads of a process share one `performance.timeOrigin`. Pages: each worker has its own, taken from one
 *   monotonic clock (W3C High Resolution Time, section 5): differences are exact whatever the wall clock did.
 * - Bun: `performance.now()`, `hrtime` and `nanoseconds()` restart in each worker, and `timeOrigin` is the wall time
 *   at that moment. The wall clock may have been set between the starts of two threads, so each compares its own
 *   with the wall clock as it is now.
 */
export function threadEpochMs(): number {
  return epochMoves ? wallZeroMs(performance.timeOrigin) : performance.timeOrigin;
}

/** Whether threads know each other's epoch by the wall clock alone. */
export const epochMoves: boolean = "Bun" in globalThis;

/**
 * Where this thread's `performance.now()` was 0 according to the wall clock as it is set now, unix ms. `believedMs`
 * comes back unchanged while the wall clock agrees with it: that is finer than `Date.now()`, which is cut to whole ms.
 *
 * The wall clock is read between two reads of the monotonic one, so that being held up in between is not taken for a
 * step of the wall clock; of four tries the tightest counts.
 */
export function wallZeroMs(believedMs: number): number {
  let zeroMs = believedMs;
  let tightest = Infinity;
  for (let tries = 0; tries < 4; tries++) {
    const before = performance.now();
    const wall = Date.now();
    const after = performance.now();
    const uncertain = (after - before) / 2 + WALL_ERROR_MS;
    const measured = wall + 0.5 - (before + after) / 2;
    if (Math.abs(measured - believedMs) <= uncertain) return believedMs;
    if (uncertain >= tightest) continue;
    tightest = uncertain;
    zeroMs = measured;
  }
  return zeroMs;
}

/** Half a ms because `Date.now()` is cut to whole ms, and as much for the grid on which browsers put both clocks. */
const WALL_ERROR_MS = 1;
