import type { Ticker, TickerOptions } from "./ticker.ts";

/**
 * What a program that only needs the time should ask for: `CoarseClock` or its `oncePerTurn()` in production,
 * `ManualClock` in tests.
 *
 * A *tick* is an unsigned 32-bit count of milliseconds since the clock's origin; it wraps after 49.7 days. Compare
 * ticks by `elapsedMs` only.
 */
export interface Clock {
  /** Reads the real clock, publishes it to every reader, and returns the tick that `recentMs()` now gives. */
  update(): number;
  /** The tick of the latest update by any thread, u32. */
  recentMs(): number;
  /** Microseconds at the latest update, u32: it wraps after 71.6 minutes, so it is for differences only. */
  recentMicros(): number;
  /** The time now in ms since the clock's origin, with a fraction. It does not wrap. */
  nowMs(): number;
  /** The wall time of a tick in whole ms since 1970, for people: logs, pages, tables. Never compute timeouts with it. */
  unixMs(tick: number): number;
  /** How long ago the latest update was, in ms, with a fraction, >= 0. A stalled or suspended updater shows here. */
  stalenessMs(): number;
}

/** A clock together with what keeps it up to date: what a program that owns the clock asks for. */
export interface TickingClock extends Clock, Disposable {
  /** Updates the clock from this thread's event loop. */
  startTicker(options?: TickerOptions): Ticker;
  /** This clock for an event loop: the first read of each turn updates it. */
  oncePerTurn(): Clock & Disposable;
}
