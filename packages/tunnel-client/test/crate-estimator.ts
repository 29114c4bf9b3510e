/**
 * `update_stats` of udp-relay-core 0.1.0, re-derived from its source and held to its vectors: whole seconds, integers, one fold a second at most,
 * and only when a packet comes. The counter-example of what ours is held to.
 */
export class CrateEstimator {
  bandwidth = 0;
  #lastCalc: number;
  #bytes = 0;
  #lastBytes = 0;

  constructor(nowSeconds: number) {
    this.#lastCalc = nowSeconds;
  }

  /** Whether that was the end of an interval. */
  update(bytes: number, nowSeconds: number): boolean {
    this.#bytes += bytes;
    const delta = nowSeconds - this.#lastCalc;
    if (delta < 1) return false;
    this.#lastCalc = nowSeconds;
    const rate = Math.floor((this.#bytes - this.#lastBytes) / delta);
    this.#lastBytes = this.#bytes;
    this.bandwidth = Math.floor((this.bandwidth * 7 + rate * 3) / 10);
    return true;
  }
}
