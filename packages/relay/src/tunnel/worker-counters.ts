import type { WorkerTotals } from "../shared/worker-totals.ts";
import {
  addressField,
  COUNTER_FIELDS,
  dropField,
  namedDrops,
  type RelayDropReason,
} from "./counter-fields.ts";

/**
 * What one worker counts: plain numbers, exact up to 2^53, published once a batch. A successor goes on from the totals
 * that its predecessor published.
 */
export class WorkerCounters {
  readonly #shared: WorkerTotals;
  readonly #totals = new Float64Array(COUNTER_FIELDS);
  /** Fields that changed since the last publication; on publishing, those of the one before are put behind them. */
  readonly #changed = new Uint16Array(2 * COUNTER_FIELDS);
  readonly #isChanged = new Uint8Array(COUNTER_FIELDS);
  #changedCount = 0;
  readonly #before = new Uint16Array(COUNTER_FIELDS);
  #beforeCount = 0;

  /** Takes the totals over from whoever wrote them before: there is one writer at a time. */
  constructor(shared: WorkerTotals) {
    this.#shared = shared;
    shared.read(this.#totals);
    // Of the two copies one may be a dead worker's unfinished publication: both are written whole.
    for (let field = 0; field < COUNTER_FIELDS; field++) this.add(field, 0);
    this.publish();
    this.publish();
  }

  /** The worker is about to deal with so many datagrams: what dies with it until the next `publish`. */
  takeInHand(datagrams: number): void {
    this.#shared.takeInHand(datagrams);
  }

  /** @param field a `Total`, `dropField`, `addressField` or `transportField` */
  add(field: number, n: number): void {
    this.#totals[field]! += n;
    if (this.#isChanged[field] !== 0) return;
    this.#isChanged[field] = 1;
    this.#changed[this.#changedCount++] = field;
  }

  drop(reason: RelayDropReason): void {
    this.add(dropField(reason), 1);
  }

  /** A source that the policy refuses, by the policy's code. */
  dropAddress(code: number): void {
    this.add(addressField(code), 1);
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

  /** @param field as of `add` */
  total(field: number): number {
    return this.#totals[field]!;
  }

  /** Drops by name; the policy's reasons are prefixed with `address:`. */
  drops(): Record<string, number> {
    return namedDrops(this.#totals);
  }
}
