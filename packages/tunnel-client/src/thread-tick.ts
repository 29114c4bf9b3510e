import type { Clock } from "@udp-relay/clock";
import { countEvent, FUTURE_STAMPS } from "./table-counters.ts";
import type { TableMemory } from "./table-memory.ts";
import { isFuture, sinceMs } from "./tick-distance.ts";

/**
 * What this thread knows of the time, and what it shows the others of it: its *beat*, the tick up to which it has
 * received what was sent to it. A thread that stood still shows its old beat until an eighth of the timeout has passed:
 * its queue is full of datagrams whose clients must not expire before they are read.
 */
export class ThreadTick {
  /** The tick that the last packet, sweep or beat of this thread came with. */
  latest = 0;
  /** `latest`, or the clock's if that was of the future. */
  trusted = 0;
  readonly #memory: TableMemory;
  readonly #clock: Clock | undefined;
  readonly #stallMs: number;
  readonly #drainMs: number;
  /** No #name: `of` is in every datagram's way. */
  private begun = false;
  #lastMoved = 0;
  #resumedAt: number | undefined;

  constructor(memory: TableMemory, clock: Clock | undefined) {
    this.#memory = memory;
    this.#clock = clock;
    this.#stallMs = Math.floor(memory.settings.timeoutMs / 2);
    this.#drainMs = Math.floor(memory.settings.timeoutMs / 8);
  }

  /** The tick to write for a packet that came with `tick`. */
  of(tick: number): number {
    return tick === this.latest && this.begun ? this.trusted : this.#move(tick);
  }

  /** Concurrency: the thread; one atomic store. */
  #move(tick: number): number {
    this.latest = tick;
    this.trusted = this.#clamp(tick);
    const now = this.trusted;
    if (this.begun && sinceMs(now, this.#lastMoved) > this.#stallMs) this.#resumedAt = now;
    this.begun = true;
    this.#lastMoved = now;
    if (this.#resumedAt !== undefined) {
      const drained = sinceMs(now, this.#resumedAt) >= this.#drainMs;
      // A resumption in the future was none: the tick that looked like it was wrong.
      if (!drained && !isFuture(now, this.#resumedAt)) return now;
      this.#resumedAt = undefined;
    }
    this.#memory.owner.beat(now);
    return now;
  }

  #clamp(tick: number): number {
    if (this.#clock === undefined || !isFuture(this.#clock.recentMs(), tick)) return tick;
    const now = this.#clock.update();
    if (!isFuture(now, tick)) return tick;
    countEvent(this.#memory, FUTURE_STAMPS);
    return now;
  }
}
