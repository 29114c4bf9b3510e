/** Loss, jitter and round-trip time of one path, from what its receiver sees. */
export class QualityAnalyzer {
  #expected = 0;
  #lost = 0;
  #highest = -1;
  #rttMs: number | undefined;
  #jitterMs: number | undefined;
  #transitMs: number | undefined;

  /** Counts one packet by its known outcome. */
  recordPacket(lost: boolean): void {
    this.#expected++;
    if (lost) this.#lost++;
  }

  /** Counts one received packet by its sequence number; gaps are losses until a late packet fills them. */
  recordSequence(sequence: number, arrivalMs: number, sentMs?: number): void {
    if (this.#highest < 0) {
      this.#expected = 1;
      this.#highest = sequence;
    } else if (sequence > this.#highest) {
      this.#expected += sequence - this.#highest;
      this.#lost += sequence - this.#highest - 1;
      this.#highest = sequence;
    } else if (this.#lost > 0) {
      this.#lost--;
    }
    if (sentMs === undefined) return;
    const transitMs = arrivalMs - sentMs;
    if (this.#transitMs !== undefined) {
      const jitterMs = this.#jitterMs ?? 0;
      this.#jitterMs = jitterMs + (Math.abs(transitMs - this.#transitMs) - jitterMs) / 16;
    }
    this.#transitMs = transitMs;
  }

  /** One round-trip sample. */
  recordRtt(rttMs: number): void {
    this.#rttMs = this.#rttMs === undefined ? rttMs : this.#rttMs + (rttMs - this.#rttMs) / 8;
  }

  get lossPerMille(): number | undefined {
    return this.#expected === 0 ? undefined : (this.#lost * 1000) / this.#expected;
  }

  get jitterMs(): number | undefined {
    return this.#jitterMs;
  }

  get rttMs(): number | undefined {
    return this.#rttMs;
  }
}
