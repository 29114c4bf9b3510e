/** A second without an error ends a burst. */
const BURST_QUIET_MS = 1_000;

/**
 * Tells of the first error of a burst and counts the others, so that a callback that throws at every datagram is one
 * line of a log. A second without an error ends a burst; the next report says how many were kept back.
 *
 * Concurrency: one thread's.
 */
export class BurstReporter<During extends string> {
  readonly #tell: (error: unknown, during: During, suppressed: number) => void;
  readonly #nowMs: () => number;
  #lastErrorMs = -Infinity;
  #suppressed = 0;

  /**
   * @param tell what was thrown, while doing what, and how many errors since the last report were not told of; what it
   *   throws itself is dropped
   * @param nowMs a monotonic clock, in milliseconds, read once an error; default `performance.now`
   */
  constructor(
    tell: (error: unknown, during: During, suppressed: number) => void,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#tell = tell;
    this.#nowMs = nowMs;
  }

  /** Never throws. */
  report(error: unknown, during: During): void {
    const nowMs = this.#nowMs();
    const isQuiet = nowMs - this.#lastErrorMs >= BURST_QUIET_MS;
    this.#lastErrorMs = nowMs;
    if (!isQuiet) {
      this.#suppressed += 1;
      return;
    }
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    try {
      this.#tell(error, during, suppressed);
    } catch {
      // A reporter that throws has nobody left to be reported to; what threw first is counted by its caller.
    }
  }
}
