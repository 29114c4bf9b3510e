import * as guards from "./guards.ts";
import type { MapMemory } from "./map-memory.ts";

// Own names: see map-memory.ts.
const { enterGuard, leaveGuard } = guards;

/**
 * A thread's stay in the map: `using guard = map.enter()`. Slot numbers are good until it ends, because what is removed
 * meanwhile is not used again before. Guards nest; only the outermost counts. One object serves all guards of a thread.
 *
 * Keep it short (a batch of datagrams, one callback) and never across an `await`: while it stands, slots that anybody
 * removes rest, and when the spare ones are used up inserts are refused.
 */
export class Guard {
  readonly #memory: MapMemory;
  /** How many guards this thread is in; read by every lookup. */
  depth = 0;

  constructor(memory: MapMemory) {
    this.#memory = memory;
  }

  /** Concurrency: publishes the guard's epoch and fences; no wait. */
  enter(): void {
    if (this.depth === 0) enterGuard(this.#memory);
    this.depth++;
  }

  /** Ends the innermost guard; without effect outside. Concurrency: one atomic store, for the outermost. */
  leave(): void {
    if (this.depth > 0 && --this.depth === 0) leaveGuard(this.#memory);
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}
