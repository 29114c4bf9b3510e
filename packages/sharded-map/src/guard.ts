import * as guards from "./guards.ts";
import type { MapMemory } from "./map-memory.ts";
import { ShardedMapError } from "./sharded-map-error.ts";

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
  #closed = false;
  /** How many guards this thread is in; read by every lookup. */
  depth = 0;

  constructor(memory: MapMemory) {
    this.#memory = memory;
  }

  /**
   * @throws ShardedMapError ERR_SHARDED_MAP_DISPOSED
   *
   * Concurrency: publishes the guard's epoch and fences; no wait.
   */
  enter(): void {
    if (this.depth === 0) {
      if (this.#closed) refuseDisposed();
      enterGuard(this.#memory);
    }
    this.depth++;
  }

  /** Its thread detaches: the guard's word is the next owner's, who must not lose his by ours. */
  close(): void {
    this.#closed = true;
  }

  /** Ends the innermost guard; without effect outside. Concurrency: one atomic store, for the outermost. */
  leave(): void {
    if (this.depth > 0 && --this.depth === 0) leaveGuard(this.#memory);
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}

function refuseDisposed(): never {
  throw new ShardedMapError("ERR_SHARDED_MAP_DISPOSED", "this thread has disposed of the map");
}
