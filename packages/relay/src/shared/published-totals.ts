import type { WorkerTotals } from "./worker-totals.ts";

/**
 * What one worker counts: plain numbers, exact up to 2^53, published once a batch. A successor goes on from the totals
 * that its predecessor published.
 */
export class PublishedTotals {
  readonly #shared: WorkerTotals;
  readonly #totals: Float64Array;
  /** Fields that changed since the last publication; on publishing, those of the one before are put behind them. */
  readonly #changed: Uint16Array;
  readonly #isChanged: Uint8Array;
  #changedCount = 0;
  readonly #before: Uint16Array;
  #beforeCount = 0;

  /** Takes the totals over from whoever wrote them before: there is one writer at a time. */
  constructor(shared: WorkerTotals) {
    const { fields } = shared;
    this.#shared = shared;
    this.#totals = new Float64Array(fields);
    this.#changed = new Uint16Array(2 * fields);
    this.#isChanged = new Uint8Array(fields);
    this.#before = new Uint16Array(fields);
    shared.read(this.#totals);
    // Of the two copies one may be a dead worker's unfinished publication: both are written whole.
    for (let field = 0; field < fields; field++) this.add(field, 0);
    this.publish();
    this.publish();
  }

  /** The worker is about to deal with so many datagrams: what dies with it until the next `publish`. */
  takeInHand(datagrams: number): void {
    this.#shared.takeInHand(datagrams);
  }

  add(field: number, n: number): void {
    this.#totals[field]! += n;
    if (this.#isChanged[field] !== 0) return;
    this.#isChanged[field] = 1;
    this.#changed[this.#changedCount++] = field;
  }

  /** Makes a number what it is now; one that it was before costs nothing. */
  set(field: number, value: number): void {
    if (this.#totals[field] === value) return;
    this.add(field, 0);
    this.#totals[field] = value;
  }

  get fields(): number {
    return this.#totals.length;
  }

  /** Whether there is something to publish. */
  get hasChanged(): boolean {
    return this.#changedCount > 0;
  }

  /** Makes everything readable, and nothing is in hand any more. */
  publish(): void {
    const changed = this.#changed;
    const before = this.#before;
    const now = this.#changedCount;
    for (let i = 0; i < this.#beforeCount; i++) changed[now + i] = before[i]!;
    this.#shared.publish(this.#totals, changed, now + this.#beforeCount);
    for (let i = 0; i < now; i++) {
      const field = changed[i]!;
      before[i] = field;
      this.#isChanged[field] = 0;
    }
    this.#beforeCount = now;
    this.#changedCount = 0;
  }

  total(field: number): number {
    return this.#totals[field]!;
  }

  protected get totals(): Float64Array {
    return this.#totals;
  }
}
