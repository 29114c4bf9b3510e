const TOLD_EVERY_MS = 1_000;

/**
 * Says yes once a second at most: what goes wrong at each datagram, or for every session at once, is a line a second in
 * a log.
 *
 * @returns asked with a monotonic clock's milliseconds, by default its own
 */
export function seldom(): (nowMs?: number) => boolean {
  let saidMs = -Infinity;
  return (nowMs = performance.now()) => {
    if (nowMs - saidMs < TOLD_EVERY_MS) return false;
    saidMs = nowMs;
    return true;
  };
}
