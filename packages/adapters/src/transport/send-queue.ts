import type { Endpoint } from "@udp-relay/address-validation";
import { PRIORITY_CLASSES } from "./transport-stats.ts";

const NONE = -1;

/**
 * The datagrams that wait while the system accepts none: a fixed number of slots, one FIFO a priority class.
 *
 *     class 0 (best)   head -> slot -> slot -> tail          taken first, from the head
 *     ...
 *     class 7 (worst)  head -> slot -> tail                  dropped first, from the tail
 *     free             slot -> slot -> ...                   all FIFOs and this list share the slots
 *
 * A full queue makes room for a datagram by dropping the newest one of the worst class that is worse than
 * its own; without one, it refuses the newcomer. Nothing is allocated after the first `offer`.
 */
export class SendQueue {
  readonly capacity: number;
  readonly slotBytes: number;
  size = 0;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #lengths: Int32Array;
  readonly #endpoints: (Endpoint | undefined)[];
  readonly #heads = new Int32Array(PRIORITY_CLASSES).fill(NONE);
  readonly #tails = new Int32Array(PRIORITY_CLASSES).fill(NONE);
  #free = NONE;
  #slab: Uint8Array = new Uint8Array(0);

  /**
   * @param capacity datagrams, 1..65536
   * @param slotBytes largest datagram that `offer` may be given
   */
  constructor(capacity: number, slotBytes: number) {
    this.capacity = capacity;
    this.slotBytes = slotBytes;
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#lengths = new Int32Array(capacity);
    this.#endpoints = new Array<Endpoint | undefined>(capacity).fill(undefined);
    for (let slot = capacity - 1; slot >= 0; slot--) this.#release(slot);
    this.size = 0;
  }

  /**
   * Copies a datagram of at most `slotBytes` into the queue.
   *
   * @param priorityClass 0..7
   * @returns -1 when it was queued without a loss; else the class of the datagram that was dropped for it,
   *   which is `priorityClass` itself when the newcomer was refused
   */
  offer(slab: Uint8Array, offset: number, length: number, endpoint: Endpoint, priorityClass: number): number {
    let dropped = NONE;
    if (this.#free === NONE) {
      const worst = this.#worstClass();
      if (worst <= priorityClass) return priorityClass;
      this.#remove(this.#tails[worst]!, worst);
      dropped = worst;
    }
    const slot = this.#free;
    this.#free = this.#next[slot]!;
    if (this.#slab.length === 0) this.#slab = new Uint8Array(this.capacity * this.slotBytes);
    const from = slot * this.slotBytes;
    // A loop: a view for `set` would be an allocation, and for a small datagram it is not slower.
    for (let i = 0; i < length; i++) this.#slab[from + i] = slab[offset + i]!;
    this.#lengths[slot] = length;
    this.#endpoints[slot] = endpoint;
    const tail = this.#tails[priorityClass]!;
    this.#previous[slot] = tail;
    this.#next[slot] = NONE;
    if (tail === NONE) this.#heads[priorityClass] = slot;
    else this.#next[tail] = slot;
    this.#tails[priorityClass] = slot;
    this.size += 1;
    return dropped;
  }

  /** The slot of the oldest datagram of the best class, -1 when the queue is empty. */
  peek(): number {
    const best = this.#bestClass();
    return best === NONE ? NONE : this.#heads[best]!;
  }

  /** Removes the datagram that `peek` gives. */
  shift(): void {
    const best = this.#bestClass();
    if (best !== NONE) this.#remove(this.#heads[best]!, best);
  }

  /** Removes everything and returns how many datagrams that were. */
  clear(): number {
    const count = this.size;
    while (this.size > 0) this.shift();
    return count;
  }

  /** The array that all slots lie in. */
  get slab(): Uint8Array {
    return this.#slab;
  }
  offset(slot: number): number {
    return slot * this.slotBytes;
  }
  length(slot: number): number {
    return this.#lengths[slot]!;
  }
  endpoint(slot: number): Endpoint {
    return this.#endpoints[slot]!;
  }

  #remove(slot: number, priorityClass: number): void {
    const next = this.#next[slot]!;
    const previous = this.#previous[slot]!;
    if (previous === NONE) this.#heads[priorityClass] = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#tails[priorityClass] = previous;
    else this.#previous[next] = previous;
    this.#endpoints[slot] = undefined;
    this.#release(slot);
    this.size -= 1;
  }

  #release(slot: number): void {
    this.#next[slot] = this.#free;
    this.#free = slot;
  }

  #bestClass(): number {
    for (let c = 0; c < PRIORITY_CLASSES; c++) if (this.#heads[c] !== NONE) return c;
    return NONE;
  }

  #worstClass(): number {
    for (let c = PRIORITY_CLASSES - 1; c >= 0; c--) if (this.#heads[c] !== NONE) return c;
    return NONE;
  }
}
