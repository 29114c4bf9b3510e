import { elapsedMs } from "@udp-relay/clock";

/** A second without a throw ends a burst, as with what transports report. */
const BURST_QUIET_MS = 1_000;

/**
 * Told of the first throw of a burst.
 *
 * @param during the protocol's method that threw
 * @param suppressed throws since the last report, this one not counted
 */
export type OnProtocolError = (error: unknown, during: "read" | "measure", suppressed: number) => void;

/** What a protocol throws is told once a burst: it may throw once a datagram. One thread. */
export class ProtocolErrors {
  readonly #tell: OnProtocolError | undefined;
  #lastTick = -1;
  #suppressed = 0;

  constructor(tell: OnProtocolError | undefined) {
    this.#tell = tell;
  }

  /** @param tick now, u32 ms */
  report(error: unknown, during: "read" | "measure", tick: number): void {
    const isBurst = this.#lastTick >= 0 && elapsedMs(tick, this.#lastTick) < BURST_QUIET_MS;
    this.#lastTick = tick;
    if (isBurst) {
      this.#suppressed++;
      return;
    }
    this.#tell?.(error, during, this.#suppressed);
    this.#suppressed = 0;
  }
}
