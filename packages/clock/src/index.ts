export type { Clock, TickingClock } from "./clock.ts";
export { ClockError, type ClockErrorCode } from "./clock-error.ts";
export type { ClockHandle } from "./clock-handle.ts";
export { CoarseClock, type CoarseClockOptions } from "./coarse-clock.ts";
export { elapsedMs } from "./elapsed.ts";
export { ManualClock, type ManualClockOptions } from "./manual-clock.ts";
export type { Ticker, TickerOptions } from "./ticker.ts";
export type { TickerThread, TickerThreadOptions } from "./ticker-thread.ts";
export type { TurnClock } from "./turn-clock.ts";
