/**
 * What really happened on a simulated link so far: the ground truth that an estimator is judged by. All values are
 * of packets *sent* until now, also those still in flight on the virtual clock.
 */
export class LinkTruth {
  /** Packets offered to the link. sent = delivered + lost + queueDropped. */
  sent = 0;
  sentBytes = 0;
  /** Packets with at least one copy delivered. */
  delivered = 0;
  /** Packets that the loss model took. */
  lost = 0;
  /** Packets refused by the full queue of the rate limit. */
  queueDropped = 0;
  /** Packets delivered twice. */
  duplicated = 0;
  /** Packets whose first copy arrives after a packet that was sent later (RFC 4737, section 3.3). */
  reordered = 0;
  /** Packets missing in a row, by loss or by the queue: how often that began, and the longest run. */
  lossBursts = 0;
  longestLossBurst = 0;
  /** Of the first copies' delays, queueing included; 0 while nothing was delivered. */
  delaySumMs = 0;
  minDelayMs = 0;
  maxDelayMs = 0;

  #run = 0;

  /** Missing packets per mille of those sent, undefined before the first. */
  get lossPerMille(): number | undefined {
    return this.sent === 0 ? undefined : ((this.lost + this.queueDropped) * 1000) / this.sent;
  }

  /** Mean delay of the first copies, undefined while nothing was delivered. */
  get meanDelayMs(): number | undefined {
    return this.delivered === 0 ? undefined : this.delaySumMs / this.delivered;
  }

  /** @internal */
  countMissing(queueFull: boolean): void {
    if (queueFull) this.queueDropped++;
    else this.lost++;
    this.#run++;
    if (this.#run === 1) this.lossBursts++;
    if (this.#run > this.longestLossBurst) this.longestLossBurst = this.#run;
  }

  /** @internal */
  countDelivered(delayMs: number): void {
    this.#run = 0;
    if (this.delivered === 0 || delayMs < this.minDelayMs) this.minDelayMs = delayMs;
    if (delayMs > this.maxDelayMs) this.maxDelayMs = delayMs;
    this.delivered++;
    this.delaySumMs += delayMs;
  }
}
