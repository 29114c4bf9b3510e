import { type QualityOptions, resolveOptions } from "./quality-options.ts";
import { QualityReadings } from "./quality-readings.ts";
import { FINE } from "./record-layout.ts";
import { ownRecord, type RecordWords } from "./record-memory.ts";
import { sampleArrival, sampleOutcome, sampleRoundTrip } from "./sample-recorder.ts";
import type { SequenceOutcome } from "./sequence-tracker.ts";

/**
 * Loss, reordering, jitter and round-trip time of one path, from what its receiver sees, in 1.5 KiB of own memory.
 * Feed it what you have: outcomes, sequence numbers, round trips; what was never fed stays undefined.
 *
 * Recording allocates nothing and never throws. One thread; for several see `SharedQuality`.
 */
export class QualityAnalyzer extends QualityReadings {
  readonly #record: RecordWords;

  /** @throws QualityError ERR_QUALITY_OPTION, naming the option. */
  constructor(options: QualityOptions = {}) {
    const settings = resolveOptions(options, FINE);
    const { record, words } = ownRecord(FINE.wordCount);
    super(words, settings);
    this.#record = record;
  }

  /**
   * One packet whose fate is known (an acknowledgement came or did not).
   *
   * @param nowMs monotonic milliseconds; without it the packet counts at the time of the sample before, and a window
   *   of packets is all there is.
   */
  recordPacket(lost: boolean, nowMs?: number): void {
    sampleOutcome(this.#record, 0, this.settings, lost, nowMs);
  }

  /**
   * One packet that arrived. Gaps in the numbers count as lost until a late packet fills them.
   *
   * @param sequence a whole number, taken modulo 2^`sequenceBits`; with 64 bits exact up to 2^53, beyond that use
   *   {@link recordSequenceWords}. What is no whole number is ignored, and counted.
   * @param arrivalMs monotonic milliseconds, fractions welcome (1 us is kept).
   * @param senderTimestamp the sender's clock: ticks of `timestampHz`, else milliseconds. For jitter; only
   *   differences count, so the clocks need not agree.
   */
  recordSequence(sequence: number, arrivalMs: number, senderTimestamp?: number): SequenceOutcome {
    const { sequenceBits } = this.settings;
    const high = sequenceBits === 64 ? Math.floor(sequence / 2 ** 32) | 0 : 0;
    const timeMs = Number.isInteger(sequence) ? arrivalMs : Number.NaN;
    return sampleArrival(this.#record, 0, this.settings, sequence | 0, high, timeMs, senderTimestamp);
  }

  /** As {@link recordSequence}, a 64-bit number in two halves. */
  recordSequenceWords(
    low: number,
    high: number,
    arrivalMs: number,
    senderTimestamp?: number,
  ): SequenceOutcome {
    return sampleArrival(this.#record, 0, this.settings, low | 0, high | 0, arrivalMs, senderTimestamp);
  }

  /**
   * One round trip. Returns false (and counts it as ignored) if it is negative or not a number.
   *
   * @param rttMs up to 536,870 ms; longer ones count as that.
   * @param ackDelayMs what the peer says it waited before it answered (RFC 9002).
   */
  recordRtt(rttMs: number, ackDelayMs = 0): boolean {
    return sampleRoundTrip(this.#record, 0, this.settings, rttMs, ackDelayMs);
  }

  /** Forgets everything. */
  reset(): void {
    this.words.fill(0);
  }
}
