import type { Backend } from "./backend.ts";

/** A backend that is down without probes is tried again after so many intervals, by sending it sessions. */
const RETRY_INTERVALS = 10;

/**
 * Health without probes, by what passes: an interval in which the backend's host refused datagrams and nothing came back
 * is a failure, one in which anything came back a success, a silent one neither. Silence is no proof: a backend may have
 * nothing to say, so a host that vanishes without a word is found by probes only.
 */
export class PassiveWatch {
  readonly #backend: Backend;
  #refused = 0;
  #datagramsFrom = 0;
  #silentIntervals = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** The interval's outcome: true and false as for a probe, undefined for none. */
  interval(): boolean | undefined {
    const { refused, traffic, health } = this.#backend;
    const answered = traffic.datagramsFrom > this.#datagramsFrom;
    const failed = refused > this.#refused && !answered;
    this.#refused = refused;
    this.#datagramsFrom = traffic.datagramsFrom;
    if (answered || failed) {
      this.#silentIntervals = 0;
      return answered;
    }
    this.#silentIntervals += 1;
    // Counted as a success until `rise` is reached: there is nobody else to ask.
    return health.isDown && this.#silentIntervals >= RETRY_INTERVALS ? true : undefined;
  }
}
