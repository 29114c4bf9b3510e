/** Bits of a footprint: two facts about a thread, then one bit a location. */
export const FENCE_BIT = 0;
export const PAUSE_BIT = 1;
/** Among plain loads: that there are any. */
export const ANY_BIT = 0;
const FIRST_LOCATION_BIT = 2;

export const locationBit = (location: number): number => location + FIRST_LOCATION_BIT;
export const bitLocation = (bit: number): number => bit - FIRST_LOCATION_BIT;

/** A growing set of small integers, 32 to a word. */
export class Footprint {
  readonly words: number[] = [];

  has(bit: number): boolean {
    return (((this.words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
  }

  /** Returns whether it was new. */
  add(bit: number): boolean {
    const word = this.words[bit >>> 5] ?? 0;
    const next = word | (1 << (bit & 31));
    if (next === word) return false;
    while (this.words.length <= bit >>> 5) this.words.push(0);
    this.words[bit >>> 5] = next;
    return true;
  }

  addAll({ words }: Footprint): void {
    while (this.words.length < words.length) this.words.push(0);
    for (let index = 0; index < words.length; index++) this.words[index] = this.words[index]! | words[index]!;
  }

  /** Adds what `some` has and `others` has not. */
  addDifference(some: readonly number[], others: Footprint): void {
    while (this.words.length < some.length) this.words.push(0);
    for (let index = 0; index < some.length; index++) {
      this.words[index] = this.words[index]! | (some[index]! & ~(others.words[index] ?? 0));
    }
  }
}
