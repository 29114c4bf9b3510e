import { ClockError } from "./clock-error.ts";
import type { ClockHandle } from "./clock-handle.ts";
import { createStopSignal, signalStop, type StopSignal } from "./stop-signal.ts";
import { startThread, type Thread } from "./thread.ts";
import { checkIntervalMs, type Ticker, type TickerOptions } from "./ticker.ts";

/** How a ticker thread ticks, and where its script is. */
export interface TickerThreadOptions extends TickerOptions {
  /**
   * The thread's script, for programs that are bundled into one file: a copy of
   * `@udp-relay/clock/ticker-thread-worker`. By default it is the file of that name beside this module.
   */
  readonly script?: URL | undefined;
}

/** A ticker on a thread of its own: it ticks on while this thread is busy. */
export interface TickerThread extends Ticker {
  /** Fulfilled at its first tick; rejected with a ClockError `ERR_CLOCK_TICKER_THREAD` if that never comes. */
  readonly ready: Promise<void>;
  /** Fulfilled when the thread is gone, whatever ended it. */
  readonly ended: Promise<void>;
}

/** What the thread's script is given. */
export interface TickerThreadData {
  readonly handle: ClockHandle;
  readonly intervalMs: number;
  readonly stop: StopSignal;
}

/** The side that starts and stops the thread. */
export class WorkerTicker implements TickerThread {
  readonly intervalMs: number;
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #stopSignal = createStopSignal();
  readonly #signal: AbortSignal | undefined;
  readonly #onStop: (ticker: Ticker) => void;
  #thread: Thread | undefined;

  /** @throws ClockError `ERR_CLOCK_INTERVAL`, `ERR_CLOCK_TICKER_THREAD` where threads cannot be started */
  constructor(handle: ClockHandle, options: TickerThreadOptions, onStop: (ticker: Ticker) => void) {
    this.intervalMs = checkIntervalMs(options.intervalMs);
    this.#signal = options.signal;
    this.#onStop = onStop;
    const ready = new Outcome();
    const ended = new Outcome();
    this.ready = ready.promise;
    this.ended = ended.promise;
    // A program that does not wait for it must not die of its rejection.
    this.ready.catch(() => undefined);

    const failed = (why: string, cause?: unknown): void => {
      ready.reject(new ClockError("ERR_CLOCK_TICKER_THREAD", why, { cause }));
    };
    if (this.#signal?.aborted === true) {
      failed("aborted before it started", this.#signal.reason);
      ended.resolve();
      return;
    }
    const data: TickerThreadData = { handle, intervalMs: this.intervalMs, stop: this.#stopSignal };
    const thread = startThread(options.script ?? scriptUrl(), data, {
      ticking: () => {
        ready.resolve();
        if (this.running) thread.unref();
      },
      failed: (cause) => failed("the ticker thread failed", cause),
      ended: () => {
        failed("the ticker thread ended before its first tick");
        this.stop();
        ended.resolve();
      },
    });
    this.#thread = thread;
    this.#signal?.addEventListener("abort", this.stop, { once: true });
  }

  get running(): boolean {
    return this.#thread !== undefined;
  }

  /** Concurrency: the starting thread; no wait. The thread sees it at once and ends by itself. */
  readonly stop = (): void => {
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#thread = undefined;
    thread.ref();
    signalStop(this.#stopSignal);
    this.#signal?.removeEventListener("abort", this.stop);
    this.#onStop(this);
  };

  [Symbol.dispose](): void {
    this.stop();
  }
}

/** A promise and its two ends (`Promise.withResolvers` is Node 22's). */
class Outcome {
  resolve!: () => void;
  reject!: (error: Error) => void;
  readonly promise = new Promise<void>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });
}

/** Beside this module, with its ending: `src/*.ts` when run from source, `dist/*.js` when published. */
function scriptUrl(): URL {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./ticker-thread-worker.${ending}`, import.meta.url);
}
