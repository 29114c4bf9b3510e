import { QualityError } from "../quality-error.ts";

interface Event {
  readonly atMs: number;
  /** Events of one instant run in the order in which they were scheduled. */
  readonly order: number;
  readonly run: () => void;
}

/**
 * Time that moves only when told to, and the events that wait for it: a binary heap by time, then by order of
 * scheduling. A run is repeatable to the last event.
 *
 * It has the methods of a `Clock` of `@udp-relay/clock`, so that what takes one lives in the same time as the links.
 * Nobody needs to update it: its latest update is always now.
 */
export class VirtualClock {
  readonly #heap: Event[] = [];
  #nowMs: number;
  #order = 0;

  constructor(startMs = 0) {
    this.#nowMs = requireTime(startMs);
  }

  /** Fractional milliseconds; while an event runs, exactly the time it was scheduled for. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** The tick: u32 ms, wraps after 49.7 days. */
  update(): number {
    return this.#nowMs >>> 0;
  }

  /** As `update`. */
  recentMs(): number {
    return this.#nowMs >>> 0;
  }

  /** The present in u32 µs, for differences only: it wraps after 71.6 minutes. */
  recentMicros(): number {
    return (this.#nowMs * 1_000) >>> 0;
  }

  /** The tick as whole ms since this clock's 0, which stands for 1970. It may be up to 24.8 days back, or ahead. */
  unixMs(tick: number): number {
    const nowMs = Math.floor(this.#nowMs);
    return nowMs - (((nowMs >>> 0) - tick) | 0);
  }

  /** 0: it is never behind itself. */
  stalenessMs(): number {
    return 0;
  }

  /** Events that wait. */
  get pending(): number {
    return this.#heap.length;
  }

  /** When the next event runs, undefined if none waits. */
  get nextMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  /** Has `run` called at `atMs`; what lies in the past is called at the present, when time next moves. */
  schedule(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const event = { atMs: Math.max(requireTime(atMs), this.#nowMs), order: this.#order++, run };
    let i = heap.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isEarlier(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  /** Runs everything due until `toMs` (included), then stands at `toMs`. Returns the number of events run. */
  advanceTo(toMs: number): number {
    if (requireTime(toMs) < this.#nowMs) {
      throw new QualityError("ERR_QUALITY_TIME", `time moves forward only: ${toMs} is before ${this.#nowMs}`);
    }
    let count = 0;
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= toMs) {
      const event = this.#take();
      this.#nowMs = event.atMs;
      event.run();
      count++;
    }
    this.#nowMs = toMs;
    return count;
  }

  /** As {@link advanceTo}, by a span. */
  advance(byMs: number): number {
    return this.advanceTo(this.#nowMs + byMs);
  }

  /** Runs events, the new ones too, until none waits or `limit` have run; returns how many ran. */
  drain(limit = 1e7): number {
    let count = 0;
    while (this.#heap.length > 0 && count < limit) {
      const event = this.#take();
      this.#nowMs = event.atMs;
      event.run();
      count++;
    }
    return count;
  }

  #take(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1]!, heap[child]!)) child++;
      if (!isEarlier(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function isEarlier(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function requireTime(ms: number): number {
  if (Number.isFinite(ms)) return ms;
  throw new QualityError("ERR_QUALITY_TIME", `a time must be a finite number of milliseconds, got ${ms}`);
}
