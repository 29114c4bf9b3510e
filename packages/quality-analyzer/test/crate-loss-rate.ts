/**
 * The loss rate of udp-relay-core 0.1.0, held to its vectors: two counters, halved one after the other above 10,000,
 * integer per mille. `between` sees the rate in the middle of a halving.
 */
export class CrateLossRate {
  #lost = 0;
  #total = 0;

  record(lost: boolean, between?: (perMille: number) => void): void {
    this.#total++;
    if (lost) this.#lost++;
    if (this.#total <= 10_000) return;
    this.#total >>= 1;
    between?.(this.perMille);
    this.#lost >>= 1;
  }

  get perMille(): number {
    return this.#total === 0 ? 0 : Math.min(1_000, Math.floor((this.#lost * 1_000) / this.#total));
  }
}
