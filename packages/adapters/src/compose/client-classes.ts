import { elapsedMs } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";

/** A score is computed when somebody asks: so this asks, a few times a second. */
const SCORE_INTERVAL_MS = 250;
/** Classes are 0 to 7: the low bits of a word whose other bits are a tick. */
const CLASS_MASK = 7;
const WORDS = 2;
/** Handles hold the slot in their low 24 bits and the generation of the slot's client above. */
const HANDLE_SLOTS = 2 ** 24;

/**
 * The priority class of each client as it was when this relay last asked for it, at most a quarter of a second ago: in
 * eight bytes a slot of the relay's own, so that a datagram need not wait for the client's metrics, which no cache
 * holds when it comes.
 *
 *     generation of the slot's client (another's class is not his) | tick of the asking, its low three bits the class
 *
 * Concurrency: the relay's thread.
 */
export class ClientClasses {
  readonly #clients: TunnelClientTable;
  #words = new Int32Array(0);

  constructor(clients: TunnelClientTable) {
    this.#clients = clients;
  }

  /** The class of a slot's client, 0 (the best) to 7. Concurrency: in a guard. */
  of(slot: number, tick: number): number {
    const words = this.#words;
    const at = slot * WORDS;
    const generation = (this.#clients.handle(slot) / HANDLE_SLOTS) | 0;
    if (at < words.length && words[at] === generation) {
      const word = words[at + 1]!;
      if (elapsedMs(tick, (word & ~CLASS_MASK) >>> 0) < SCORE_INTERVAL_MS) return word & CLASS_MASK;
    }
    return this.#ask(slot, generation, tick);
  }

  #ask(slot: number, generation: number, tick: number): number {
    const clients = this.#clients;
    clients.priority(slot, tick);
    const priorityClass = clients.priorityClass(slot);
    if (!(slot >= 0)) return priorityClass;
    const at = slot * WORDS;
    if (at >= this.#words.length) {
      const grown = new Int32Array(Math.max(1_024, 2 ** Math.ceil(Math.log2(at + WORDS))));
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[at] = generation;
    this.#words[at + 1] = (tick & ~CLASS_MASK) | priorityClass;
    return priorityClass;
  }
}
