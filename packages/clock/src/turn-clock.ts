import type { Clock } from "./clock.ts";
import { scheduleTurnEnd, type TurnEnd } from "./turn-end.ts";

/**
 * A clock read once per turn of the event loop: the first read of a turn updates the clock beneath, every other read
 * of that turn is a local variable. Nothing is scheduled while nobody reads.
 *
 * All reads of a turn are equal, which is what one wants of one batch of work; a long turn sees it age (`stalenessMs`).
 */
export class TurnClock implements Clock, Disposable {
  readonly #clock: Clock;
  readonly #turnEnd: TurnEnd;
  #fresh = false;
  #tick = 0;
  #micros = 0;
  #updatedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turnEnd = scheduleTurnEnd(() => {
      this.#fresh = false;
    });
  }

  /** Reads the real clock again within the turn, and publishes it. Concurrency: as the clock beneath. */
  update(): number {
    const wasFresh = this.#fresh;
    this.#updatedMs = this.#clock.nowMs();
    this.#tick = this.#clock.update();
    this.#micros = this.#clock.recentMicros();
    this.#fresh = this.#turnEnd.open;
    if (!wasFresh && this.#fresh) this.#turnEnd.arm();
    return this.#tick;
  }

  /** This turn's tick, u32. Concurrency: only the first read of a turn touches shared memory, as `update` does. */
  recentMs(): number {
    return this.#fresh ? this.#tick : this.update();
  }

  /** This turn's microseconds, u32, for differences only. Concurrency: as `recentMs`. */
  recentMicros(): number {
    if (!this.#fresh) this.update();
    return this.#micros;
  }

  /** The time now, ms with a fraction. Concurrency: as the clock beneath. */
  nowMs(): number {
    return this.#clock.nowMs();
  }

  /** Wall time of a tick, whole ms since 1970, for people. Concurrency: as the clock beneath. */
  unixMs(tick: number): number {
    return this.#clock.unixMs(tick);
  }

  /** Age of what a read would give now, in ms: 0 before a turn's first read. Concurrency: touches no shared memory. */
  stalenessMs(): number {
    return this.#fresh ? this.#clock.nowMs() - this.#updatedMs : 0;
  }

  /** Stops caching: every read then updates the clock beneath. */
  [Symbol.dispose](): void {
    this.#fresh = false;
    this.#turnEnd[Symbol.dispose]();
  }
}
