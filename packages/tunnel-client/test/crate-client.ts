import { CrateEstimator } from "./crate-estimator.ts";

/** `recompute_priority` of udp-relay-core 0.1.0, in the u64 arithmetic of its source. */
export function crateScore(bandwidth: bigint, latency: bigint, loss: bigint, ageSeconds: bigint): bigint {
  const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  const denominator = (bandwidth > 100n ? bandwidth : 100n) + 1_024n;
  return (1n << 20n) / denominator + least(latency, 500n) + loss + least(ageSeconds / 10n, 100n);
}

/** `TunnelClient` of udp-relay-core 0.1.0 as its vectors show it, on a clock of whole seconds from 0. */
export class CrateClient {
  second = 0;
  latencyMs = 0;
  lossPerMille = 0;
  /** An input changed since the score was computed. */
  isDirty = false;
  isSlow = false;
  started = 0;
  #estimator = new CrateEstimator(0);
  #lastReceive = 0;
  #priority = 1_000;
  readonly #timeoutSeconds: number;

  constructor(timeoutSeconds: number) {
    this.#timeoutSeconds = timeoutSeconds;
  }

  get bandwidth(): number {
    return this.#estimator.bandwidth;
  }

  get isTimedOut(): boolean {
    return Math.max(0, this.second - this.#lastReceive) >= this.#timeoutSeconds;
  }

  received(bytes: number, aheadSeconds: number): void {
    this.isDirty = this.#estimator.update(bytes, this.second + aheadSeconds) || this.isDirty;
    this.#lastReceive = this.second + aheadSeconds;
  }

  sent(bytes: number): void {
    this.isDirty = this.#estimator.update(bytes, this.second) || this.isDirty;
  }

  setLatency(ms: number): void {
    this.latencyMs = ms;
    this.isDirty = true;
  }

  setLoss(perMille: number): void {
    this.lossPerMille = Math.min(1_000, perMille);
    this.isDirty = true;
  }

  reset(): void {
    this.#estimator = new CrateEstimator(this.second);
    this.started = this.second;
    this.isDirty = true;
  }

  priority(): number {
    if (this.isDirty) {
      const [bandwidth, latency, loss] = [this.bandwidth, this.latencyMs, this.lossPerMille].map(BigInt);
      const age = BigInt(this.second - this.started);
      this.#priority = Number(crateScore(bandwidth!, latency!, loss!, age));
      this.isSlow = this.bandwidth < 100_000;
      this.isDirty = false;
    }
    return this.#priority;
  }
}
