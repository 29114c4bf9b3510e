import {
  advanceMicros,
  advanceTick,
  type Cell,
  claimCell,
  isSealed,
  loadEpochMs,
  loadMicros,
  loadTick,
  sealCell,
  storeEpochMs,
} from "./cell.ts";
import { type CellPlace, ownCell, placedCell } from "./cell-place.ts";
import type { TickingClock } from "./clock.ts";
import { ClockError } from "./clock-error.ts";
import type { ClockHandle } from "./clock-handle.ts";
import { elapsedMs } from "./elapsed.ts";
import { epochMoves, threadEpochMs, wallZeroMs } from "./thread-epoch.ts";
import { IntervalTicker, type Ticker, type TickerOptions } from "./ticker.ts";
import { type TickerThread, type TickerThreadOptions, WorkerTicker } from "./ticker-thread.ts";
import { TurnClock } from "./turn-clock.ts";

/** Where a new clock's 64 bytes are. Without it the clock allocates its own. */
export interface CoarseClockOptions {
  /** A SharedArrayBuffer, such as that of a region's WebAssembly memory. */
  readonly buffer: SharedArrayBuffer;
  /** Where the 64 bytes begin: a multiple of 8; 64 keeps them on a cache line of their own. They must be zero. Default 0. */
  readonly byteOffset?: number | undefined;
}

/**
 * Coarse monotonic time that all threads of a process share: somebody updates it, everybody reads it with one load.
 *
 * A read never goes backwards, in any thread, whatever the wall clock does and however many updaters race. What a
 * read gives is as old as the latest update: `stalenessMs()` says how old that is.
 */
export class CoarseClock implements TickingClock {
  readonly #cell: Cell;
  readonly #words: Int32Array;
  readonly #place: CellPlace;
  /** What to add to this thread's `performance.now()` to get the clock's time, ms. */
  readonly #offsetMs: number;
  readonly #started = new Set<Disposable>();
  /** Where this thread's `performance.now()` was 0 by the wall clock, unix ms, as far as `unixMs` has seen. */
  #wallZeroMs: number;
  #epochCheckedMs: number;
  #disposed = false;

  /**
   * A new clock. Its time starts as this thread's `performance.now()`, and its first read is right without an update.
   *
   * Concurrency: no wait. Of several threads that create a clock in one place, one gets it and the others the error.
   *
   * @throws ClockError `ERR_CLOCK_BUFFER_NOT_SHARED`, `ERR_CLOCK_OFFSET`, `ERR_CLOCK_CELL_IN_USE`
   */
  constructor(options?: CoarseClockOptions) {
    this.#place = options === undefined ? ownCell() : placedCell(options);
    this.#cell = this.#place.cell;
    this.#words = this.#cell.words;
    const threadEpoch = threadEpochMs();
    const attaching = options !== undefined && ATTACHING in options;
    if (attaching && !isSealed(this.#cell)) {
      throw new ClockError("ERR_CLOCK_HANDLE", "there is no clock of this version where the handle points");
    }
    if (!attaching && !claimCell(this.#cell)) {
      throw new ClockError(
        "ERR_CLOCK_CELL_IN_USE",
        "the 64 bytes are not zero: attach to the clock that is there, or give this one a place of its own",
      );
    }
    this.#offsetMs = attaching ? threadEpoch - loadEpochMs(this.#cell) : 0;
    this.#wallZeroMs = threadEpoch;
    this.#epochCheckedMs = this.nowMs();
    if (!attaching) storeEpochMs(this.#cell, threadEpoch);
    this.update();
    if (!attaching) sealCell(this.#cell);
  }

  /**
   * The clock of another thread, in this one.
   *
   * Concurrency: any thread, no wait. Where clocks restart with each thread (Bun) the difference is taken here, once.
   *
   * @throws ClockError `ERR_CLOCK_HANDLE`
   */
  static attach(handle: ClockHandle): CoarseClock {
    const candidate = handle as Partial<ClockHandle> | null | undefined;
    if (candidate?.kind !== "@udp-relay/clock") {
      throw new ClockError("ERR_CLOCK_HANDLE", "this is no handle of a clock (clock.shared)");
    }
    try {
      const options = { buffer: handle.buffer, byteOffset: handle.byteOffset, [ATTACHING]: true };
      return new CoarseClock(options);
    } catch (cause) {
      if (cause instanceof ClockError && cause.code === "ERR_CLOCK_HANDLE") throw cause;
      throw new ClockError("ERR_CLOCK_HANDLE", "the handle of a clock that cannot be where it says", {
        cause,
      });
    }
  }

  /**
   * What another thread needs to attach. Take it when you send it, not long before: on Bun it measures the wall clock.
   *
   * Concurrency: any thread, no wait.
   *
   * @throws ClockError `ERR_CLOCK_NOT_SHAREABLE` in a page that is not cross-origin isolated
   */
  get shared(): ClockHandle {
    const { buffer, byteOffset } = this.#place;
    if (buffer === undefined) {
      throw new ClockError(
        "ERR_CLOCK_NOT_SHAREABLE",
        "this page has no SharedArrayBuffer (serve it cross-origin isolated): the clock stays in its thread",
      );
    }
    this.#checkEpoch();
    return { kind: "@udp-relay/clock", buffer, byteOffset };
  }

  /**
   * Reads the real clock, publishes it, and returns the tick that `recentMs()` now gives.
   *
   * Concurrency: any thread, as many at once as you like; no wait. Two lost races are enough: whoever won the second
   * one read the real clock after this call began, so that the cell is as new as this call could have made it.
   */
  update(): number {
    const words = this.#words;
    let nowMs = 0;
    for (let attempt = 0; attempt < 2; attempt++) {
      const seenTick = loadTick(words);
      const seenMicros = loadMicros(words);
      nowMs = hardware.now() + this.#offsetMs;
      const microsDone = advanceMicros(words, seenMicros, (nowMs * 1000) >>> 0);
      if (advanceTick(words, seenTick, nowMs >>> 0) && microsDone) break;
    }
    if (epochMoves && nowMs - this.#epochCheckedMs >= EPOCH_CHECK_MS) this.#checkEpoch();
    return loadTick(words);
  }

  /** The tick of the latest update by any thread, u32. Concurrency: any thread, one atomic load. */
  recentMs(): number {
    return loadTick(this.#words);
  }

  /** Microseconds at the latest update, u32, for differences only: it wraps after 71.6 minutes. Concurrency: as `recentMs`. */
  recentMicros(): number {
    return loadMicros(this.#words);
  }

  /** The time now, ms with a fraction, without publishing it. Concurrency: touches no shared memory. */
  nowMs(): number {
    return hardware.now() + this.#offsetMs;
  }

  /**
   * The wall time of a tick by the wall clock as it is set now, whole ms since 1970, for people. The tick may be up to
   * 24.8 days back, or ahead.
   *
   * Concurrency: touches no shared memory. While nobody sets the wall clock, all threads give the same for a tick.
   */
  unixMs(tick: number): number {
    this.#wallZeroMs = wallZeroMs(this.#wallZeroMs);
    const nowMs = Math.floor(this.nowMs());
    const tickMs = nowMs - (((nowMs >>> 0) - tick) | 0);
    return Math.floor(this.#wallZeroMs - this.#offsetMs + tickMs);
  }

  /**
   * How long ago the latest update by any thread was, ms with a fraction, >= 0.
   *
   * Concurrency: any thread, two atomic loads.
   */
  stalenessMs(): number {
    const nowMs = this.nowMs();
    const coarse = elapsedMs(nowMs >>> 0, loadTick(this.#words));
    if (coarse > FINE_STALENESS_MS) return coarse;
    const micros = (((nowMs * 1000) >>> 0) - loadMicros(this.#words)) | 0;
    return Math.max(0, micros / 1000);
  }

  /**
   * Updates the clock from this thread's event loop. A busy loop starves it: see `startTickerThread`.
   *
   * Concurrency: any thread, each its own tickers; they update as `update` does.
   *
   * @throws ClockError `ERR_CLOCK_INTERVAL`, `ERR_CLOCK_DISPOSED`
   */
  startTicker(options: TickerOptions = {}): Ticker {
    return this.#keep(new IntervalTicker(() => this.update(), this.#checkLive(options), this.#forget));
  }

  /**
   * Updates the clock from a thread of its own, which ticks on while this one is busy. It runs a script of this
   * package: `ticker-thread-worker`, beside this module.
   *
   * Concurrency: any thread that can start threads; no wait, `ready` says when the other one ticks.
   *
   * @throws ClockError `ERR_CLOCK_INTERVAL`, `ERR_CLOCK_DISPOSED`, `ERR_CLOCK_NOT_SHAREABLE`,
   *   `ERR_CLOCK_TICKER_THREAD` where threads cannot be started at all; what fails later rejects `ready`
   */
  startTickerThread(options: TickerThreadOptions = {}): TickerThread {
    return this.#keep(new WorkerTicker(this.shared, this.#checkLive(options), this.#forget));
  }

  /**
   * This clock for an event loop: the first read of a turn updates it, every other read of that turn is a local
   * variable. No timer while nobody reads.
   *
   * Concurrency: any thread; what it gives belongs to that thread.
   *
   * @throws ClockError `ERR_CLOCK_DISPOSED`
   */
  oncePerTurn(): TurnClock {
    const turns = new TurnClock(this.#checkLive(this));
    this.#started.add(turns);
    return turns;
  }

  /** Stops everything that was started on this clock in this thread. Its memory stays, and can be read. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const started of [...this.#started]) started[Symbol.dispose]();
    this.#started.clear();
  }

  readonly #forget = (ticker: Ticker): void => {
    this.#started.delete(ticker);
  };

  #keep<Started extends Ticker>(ticker: Started): Started {
    if (ticker.running) this.#started.add(ticker);
    return ticker;
  }

  #checkLive<Value>(value: Value): Value {
    if (this.#disposed) throw new ClockError("ERR_CLOCK_DISPOSED", "the clock was disposed");
    return value;
  }

  /** After a step of the wall clock: tells threads that attach from now on. Concurrency: any thread, no wait. */
  #checkEpoch(): void {
    if (!epochMoves) return;
    this.#epochCheckedMs = this.nowMs();
    const epochMs = threadEpochMs() - this.#offsetMs;
    if (Math.abs(epochMs - loadEpochMs(this.#cell)) > EPOCH_STEP_MS) storeEpochMs(this.#cell, epochMs);
  }
}

/** The global's name is a getter in Node, which takes as long again as the read. */
const hardware: Pick<typeof performance, "now"> = performance;

/** Marks the options that `attach` makes. */
const ATTACHING = Symbol("attaching");

/** How often an updater compares the cell's epoch with the wall clock, where threads have nothing else to go by. */
const EPOCH_CHECK_MS = 1000;
/** Less is the error of two measurements. */
const EPOCH_STEP_MS = 2;

/** Up to here the difference of the microseconds is unambiguous: it would be up to 35.7 minutes. */
const FINE_STALENESS_MS = 1_000_000;
