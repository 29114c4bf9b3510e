/**
 * The `limit` slots with the lowest scores of those that were added, in O(n log limit) and without an object a slot: a
 * heap whose root is the worst that is kept. Equal scores keep the lower slot.
 */
export class SlotRanking {
  readonly #slots: number[] = [];
  readonly #scores: number[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(slot: number, score: number): void {
    const size = this.#slots.length;
    if (size < this.#limit) {
      this.#slots.push(slot);
      this.#scores.push(score);
      this.#rise(size);
    } else if (size > 0 && this.#isWorse(this.#scores[0]!, this.#slots[0]!, score, slot)) {
      this.#slots[0] = slot;
      this.#scores[0] = score;
      this.#sink();
    }
  }

  /** Calls back with the slots from the best to the worst; the ranking is as it was. */
  forEach(callback: (slot: number, score: number) => void): void {
    const order = this.#slots.map((slot, i) => ({ slot, score: this.#scores[i]! }));
    order.sort((a, b) => a.score - b.score || a.slot - b.slot);
    for (const { slot, score } of order) callback(slot, score);
  }

  #isWorse(scoreA: number, slotA: number, scoreB: number, slotB: number): boolean {
    return scoreA > scoreB || (scoreA === scoreB && slotA > slotB);
  }

  #worse(a: number, b: number): boolean {
    return this.#isWorse(this.#scores[a]!, this.#slots[a]!, this.#scores[b]!, this.#slots[b]!);
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#worse(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    const size = this.#slots.length;
    let at = 0;
    for (;;) {
      let worst = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < size && this.#worse(child, worst)) worst = child;
      }
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }

  #swap(a: number, b: number): void {
    [this.#slots[a], this.#slots[b]] = [this.#slots[b]!, this.#slots[a]!];
    [this.#scores[a], this.#scores[b]] = [this.#scores[b]!, this.#scores[a]!];
  }
}
