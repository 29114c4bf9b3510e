import { nameOf } from "./location-names.ts";
import type { NamedRange } from "./location-names.ts";

/** Numbers the words that model threads touch, in the order in which they are first touched. */
export class LocationTable {
  /** What each word held when the threads started. */
  readonly initial: number[] = [];
  readonly #places: { readonly view: DataView; readonly byteOffset: number }[] = [];
  readonly #ids = new Map<ArrayBufferLike, Map<number, number>>();
  #names: readonly NamedRange[] = [];

  setNames(names: readonly NamedRange[]): void {
    this.#names = names;
  }

  get size(): number {
    return this.initial.length;
  }

  /** The word that holds the byte at `byteOffset`. */
  idOf(buffer: ArrayBufferLike, byteOffset: number): number {
    const word = byteOffset & ~3;
    let ids = this.#ids.get(buffer);
    if (ids === undefined) this.#ids.set(buffer, (ids = new Map<number, number>()));
    const known = ids.get(word);
    if (known !== undefined) return known;
    const id = this.initial.length;
    const view = new DataView(buffer);
    this.initial.push(view.getInt32(word, true));
    this.#places.push({ view, byteOffset: word });
    ids.set(word, id);
    return id;
  }

  nameOf(location: number): string {
    const { view, byteOffset } = this.#places[location]!;
    return nameOf(this.#names, view.buffer, byteOffset);
  }

  /** Puts a state's words into the real memory, for `check` to look at. */
  write(values: readonly (number | undefined)[]): void {
    for (let id = 0; id < this.#places.length; id++) {
      const { view, byteOffset } = this.#places[id]!;
      view.setInt32(byteOffset, values[id] ?? this.initial[id]!, true);
    }
  }
}
