import { peek } from "@udp-relay/atomics-layout/memory";
import { controlAt, generationOf, LIVE } from "./identity.ts";
import type { MapMemory } from "./map-memory.ts";

/**
 * One JavaScript value for each slot, private to this thread: what cannot be shared (a socket, a closure, a WebSocket). A
 * value belongs to an entry, not to its slot: once the entry is gone it is no longer returned, and it is dropped when it
 * is next asked for, when the slot gets another, or by `prune`.
 */
export class Sidecar<T> {
  readonly #memory: MapMemory;
  readonly #values: (T | undefined)[] = [];
  readonly #generations: number[] = [];

  constructor(memory: MapMemory) {
    this.#memory = memory;
  }

  /** Concurrency: in a guard; one plain read. */
  get(slot: number): T | undefined {
    const value = this.#values[slot];
    if (value === undefined) return undefined;
    if (this.#isCurrent(slot)) return value;
    this.#values[slot] = undefined;
    return undefined;
  }

  /** Concurrency: in a guard; one plain read. A slot whose entry is gone keeps no value. */
  set(slot: number, value: T): void {
    const control = this.#control(slot);
    if ((control & LIVE) === 0) return;
    while (this.#values.length <= slot) this.#values.push(undefined);
    this.#values[slot] = value;
    this.#generations[slot] = generationOf(control);
  }

  delete(slot: number): void {
    if (slot < this.#values.length) this.#values[slot] = undefined;
  }

  /** Drops the values of entries that are gone; returns how many. O(highest slot that ever had one). */
  prune(): number {
    let dropped = 0;
    for (let slot = 0; slot < this.#values.length; slot++) {
      if (this.#values[slot] === undefined || this.#isCurrent(slot)) continue;
      this.#values[slot] = undefined;
      dropped++;
    }
    return dropped;
  }

  #isCurrent(slot: number): boolean {
    const control = this.#control(slot);
    return (control & LIVE) !== 0 && generationOf(control) === this.#generations[slot];
  }

  #control(slot: number): number {
    return peek(this.#memory.words, controlAt(this.#memory, slot));
  }
}
