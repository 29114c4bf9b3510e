import { ClockError } from "./clock-error.ts";

/** How a ticker ticks, and what stops it. */
export interface TickerOptions {
  /** Time between two updates, in ms, 1..2147483647. Default 1. */
  readonly intervalMs?: number | undefined;
  /** Stops the ticker when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Something that updates a clock until it is stopped. It does not keep the process alive. */
export interface Ticker extends Disposable {
  readonly intervalMs: number;
  /** False once it was stopped, or ended by itself. */
  readonly running: boolean;
  /** Stops it; a second call does nothing. */
  stop(): void;
}

/** A ticker on this thread's event loop: as late as the loop is. */
export class IntervalTicker implements Ticker {
  readonly intervalMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onStop: (ticker: Ticker) => void;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @throws ClockError `ERR_CLOCK_INTERVAL` */
  constructor(update: () => unknown, options: TickerOptions, onStop: (ticker: Ticker) => void) {
    this.intervalMs = checkIntervalMs(options.intervalMs);
    this.#signal = options.signal;
    this.#onStop = onStop;
    if (this.#signal?.aborted === true) return;
    this.#timer = setInterval(update, this.intervalMs);
    // In a page a timer is a number, and there is no process to keep alive.
    if (typeof this.#timer === "object") this.#timer.unref();
    this.#signal?.addEventListener("abort", this.stop, { once: true });
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  readonly stop = (): void => {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#signal?.removeEventListener("abort", this.stop);
    this.#onStop(this);
  };

  [Symbol.dispose](): void {
    this.stop();
  }
}

/** @throws ClockError `ERR_CLOCK_INTERVAL` */
export function checkIntervalMs(intervalMs: unknown = 1): number {
  if (typeof intervalMs === "number" && intervalMs >= 1 && intervalMs <= 0x7fff_ffff) return intervalMs;
  throw new ClockError(
    "ERR_CLOCK_INTERVAL",
    `intervalMs must be a finite number within 1..2147483647, got ${typeof intervalMs === "string" ? `"${intervalMs}"` : String(intervalMs)}`,
  );
}
