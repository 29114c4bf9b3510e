/** Marks that are remembered at once in one direction of one session. Reports come every few seconds. */
const MARKS = 8;
/** A mark answered later than this tells nothing. */
const MAX_AGE_MS = 60_000;

/** When the last few marks passed, so that an answer that names one tells a round trip. A ring; allocates once. */
export class MarkLog {
  readonly #marks = new Float64Array(MARKS).fill(-1);
  readonly #passedMs = new Float64Array(MARKS);
  #next = 0;

  passed(mark: number, nowMs: number): void {
    // A repeated datagram does not make its answer look quicker.
    if (this.#marks.includes(mark)) return;
    this.#marks[this.#next] = mark;
    this.#passedMs[this.#next] = nowMs;
    this.#next = (this.#next + 1) % MARKS;
  }

  /** The round trip in ms that an answer tells, once for each mark; -1 for none. */
  answered(mark: number, heldBackMs: number, nowMs: number): number {
    const index = this.#marks.indexOf(mark);
    if (index < 0) return -1;
    this.#marks[index] = -1;
    const elapsedMs = nowMs - this.#passedMs[index]!;
    const rttMs = elapsedMs - heldBackMs;
    return elapsedMs <= MAX_AGE_MS && rttMs >= 0 ? rttMs : -1;
  }
}
