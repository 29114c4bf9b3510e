import { guardEntries } from "./guards.ts";
import type { MapMemory } from "./map-memory.ts";
import type { LongGuard } from "./map-options.ts";

/** A guard this long, in milliseconds, is reported. */
const LONG_GUARD_MS = 100;

/**
 * Finds guards that stand still, from outside: their own threads cannot, being stopped, and a clock read at every guard
 * would cost more than the guard. It is long if two looks 100 ms apart find the same guard of the same owner.
 */
export class GuardWatch {
  readonly #memory: MapMemory;
  readonly #report: ((guard: LongGuard) => void) | undefined;
  readonly #entries: number[];
  readonly #sinceMs: number[];
  readonly #reported: boolean[];
  /** Long guards seen by this thread. */
  longGuards = 0;

  constructor(memory: MapMemory, report: ((guard: LongGuard) => void) | undefined) {
    const { owners } = memory.shape;
    this.#memory = memory;
    this.#report = report;
    this.#entries = new Array<number>(owners).fill(0);
    this.#sinceMs = new Array<number>(owners).fill(0);
    this.#reported = new Array<boolean>(owners).fill(false);
  }

  /** Concurrency: any thread; reads two words an owner. */
  look(nowMs: number): void {
    for (let index = 0; index < this.#entries.length; index++) {
      const entries = guardEntries(this.#memory, index);
      if (entries === 0 || entries !== this.#entries[index]) {
        this.#entries[index] = entries;
        this.#sinceMs[index] = nowMs;
        this.#reported[index] = false;
        continue;
      }
      const heldMs = nowMs - this.#sinceMs[index]!;
      if (heldMs < LONG_GUARD_MS || this.#reported[index] === true) continue;
      this.#reported[index] = true;
      this.longGuards++;
      this.#report?.({ ownerIndex: index, heldMs });
    }
  }
}
