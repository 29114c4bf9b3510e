import type { Guard, ShardedMap } from "@udp-relay/sharded-map";

/**
 * A thread's stay in the table, `using guard = clients.enter()`: slot numbers are good until it ends. Guards nest; only the
 * outermost counts. One object serves all guards of a thread. Never keep one across an `await`.
 */
export class TableGuard {
  readonly #guard: Guard;
  readonly #afterwards: () => void;
  /** What happens after the guard's end is waiting: callbacks. */
  pending = false;

  constructor(map: ShardedMap, afterwards: () => void) {
    this.#guard = map.enter();
    this.#guard.leave();
    this.#afterwards = afterwards;
  }

  /** Ends the innermost guard; at the end of the outermost one, callbacks that waited for it run. */
  leave(): void {
    this.#guard.leave();
    if (this.pending && this.#guard.depth === 0) this.#afterwards();
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}
