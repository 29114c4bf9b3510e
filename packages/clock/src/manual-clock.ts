import type { TickingClock } from "./clock.ts";
import { ClockError } from "./clock-error.ts";
import { checkIntervalMs, type Ticker, type TickerOptions } from "./ticker.ts";

/** Where a `ManualClock` starts. */
export interface ManualClockOptions {
  /** Time at the start, ms since the clock's origin, >= 0, may have a fraction. Default 0. */
  readonly startMs?: number | undefined;
  /** Wall time of the clock's origin, ms since 1970. Default 0. */
  readonly unixOriginMs?: number | undefined;
}

/** A clock whose time passes when the test says so. Private to its thread. */
export class ManualClock implements TickingClock {
  #nowMs: number;
  #unixOriginMs: number;
  #recentMs = 0;
  #recentMicros = 0;
  #updatedMs = 0;

  /** @throws ClockError `ERR_CLOCK_TIME` */
  constructor(options: ManualClockOptions = {}) {
    this.#nowMs = checkMs("startMs", options.startMs ?? 0);
    this.#unixOriginMs = checkMs("unixOriginMs", options.unixOriginMs ?? 0);
    this.update();
  }

  /** Time passes and the clock is updated, as by a ticker that is never late. Returns the tick. @throws ClockError `ERR_CLOCK_TIME` */
  advance(ms: number): number {
    this.stall(ms);
    return this.update();
  }

  /** Time passes and nobody updates the clock. @throws ClockError `ERR_CLOCK_TIME` */
  stall(ms: number): void {
    this.#nowMs += checkMs("ms", ms);
  }

  /** The wall clock is set. Only `unixMs` notices. @throws ClockError `ERR_CLOCK_TIME` */
  setWallClock(unixMs: number): void {
    this.#unixOriginMs = checkMs("unixMs", unixMs) - this.#nowMs;
  }

  update(): number {
    this.#updatedMs = this.#nowMs;
    this.#recentMs = this.#nowMs >>> 0;
    this.#recentMicros = (this.#nowMs * 1000) >>> 0;
    return this.#recentMs;
  }

  recentMs(): number {
    return this.#recentMs;
  }

  recentMicros(): number {
    return this.#recentMicros;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  unixMs(tick: number): number {
    const nowMs = Math.floor(this.#nowMs);
    return Math.floor(this.#unixOriginMs + nowMs - (((nowMs >>> 0) - tick) | 0));
  }

  stalenessMs(): number {
    return this.#nowMs - this.#updatedMs;
  }

  /** A ticker in name only: `advance` is what updates this clock. @throws ClockError `ERR_CLOCK_INTERVAL` */
  startTicker(options: TickerOptions = {}): Ticker {
    return new ManualTicker(checkIntervalMs(options.intervalMs), options.signal);
  }

  /** This clock itself: a turn ends when the test advances it. */
  oncePerTurn(): this {
    return this;
  }

  /** Nothing runs, so there is nothing to stop. */
  [Symbol.dispose](): void {
    return;
  }
}

class ManualTicker implements Ticker {
  readonly intervalMs: number;
  readonly #signal: AbortSignal | undefined;
  #stopped = false;

  constructor(intervalMs: number, signal: AbortSignal | undefined) {
    this.intervalMs = intervalMs;
    this.#signal = signal;
  }

  get running(): boolean {
    return !this.#stopped && this.#signal?.aborted !== true;
  }

  stop(): void {
    this.#stopped = true;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

function checkMs(name: string, ms: unknown): number {
  if (typeof ms === "number" && Number.isFinite(ms) && ms >= 0) return ms;
  throw new ClockError(
    "ERR_CLOCK_TIME",
    `${name} must be a finite number >= 0, got ${typeof ms === "string" ? `"${ms}"` : String(ms)}`,
  );
}
