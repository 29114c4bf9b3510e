import {
  advanceMicros,
  advanceTick,
  type Cell,
  claimCell,
  isReady,
  loadEpochMs,
  loadMicros,
  loadTick,
  sealCell,
  storeEpochMs,
} from "#shared-cell";
import type { Clock } from "./clock.ts";
import { ClockError } from "./clock-error.ts";
import { type CellPlace, ownCell, placedCell } from "./cell-place.ts";
import { elapsedMs } from "./elapsed.ts";
import { epochMoves, threadEpochMs } from "./thread-epoch.ts";
import { startInterval, type Ticker, type TickerOptions } from "./ticker.ts";

/** Where a new clock's 64 bytes are. Without it the clock allocates its own. */
export interface CoarseClockOptions {
  /** A SharedArrayBuffer, such as that of a region's WebAssembly memory. */
  readonly buffer: SharedArrayBuffer;
  /** Where the 64 bytes begin: a multiple of 8; 64 keeps them on a cache line of their own. They must be zero. Default 0. */
  readonly byteOffset?: number;
}

/** What `postMessage` or `workerData` carries to another thread, for {@link CoarseClock.attach}. */
export interface ClockHandle {
  readonly kind: "@udp-relay/clock";
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
}

/**
 * Coarse monotonic time that all threads of a process share: somebody updates it, everybody reads it with one load.
 *
 * A read never goes backwards, in any thread, whatever the wall clock does and however many updaters race. What a
 * read gives is as old as the latest update: `stalenessMs()` says how old that is.
 */
export class CoarseClock implements Clock, Disposable {
  readonly #cell: Cell;
  readonly #words: Int32Array;
  readonly #place: CellPlace;
  /** What to add to this thread's `performance.now()` to get the clock's time, ms. Set once. */
  readonly #offsetMs: number;
  readonly #running = new Set<Disposable>();
  #disposed = false;
  #epochCheckedMs = 0;

  /**
   * A new clock. Its time starts as this thread's `performance.now()`, and its first read is right without an update.
   *
   * @throws ClockError `ERR_CLOCK_BUFFER_NOT_SHARED`, `ERR_CLOCK_OFFSET`, `ERR_CLOCK_CELL_IN_USE`
   */
  constructor(options?: CoarseClockOptions);
  constructor(options?: CoarseClockOptions | AttachTo) {
    const attaching = options instanceof AttachTo;
    this.#place = attaching ? options.place : options === undefined ? ownCell() : placedCell(options);
    this.#cell = this.#place.cell;
    this.#words = this.#cell.words;
    if (attaching) {
      this.#offsetMs = threadEpochMs() - loadEpochMs(this.#cell.epoch);
      this.update();
      return;
    }
    this.#offsetMs = 0;
    if (!claimCell(this.#words)) {
      throw new ClockError(
        "ERR_CLOCK_CELL_IN_USE",
        "the 64 bytes are not zero: attach to the clock that is there, or give it a place of its own",
      );
    }
    storeEpochMs(this.#cell.epoch, threadEpochMs());
    this.update();
    sealCell(this.#words);
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
    if (typeof candidate !== "object" || candidate === null || candidate.kind !== "@udp-relay/clock") {
      throw new ClockError("ERR_CLOCK_HANDLE", "not the handle of a clock");
    }
    let place: CellPlace;
    try {
      place = placedCell(handle);
    } catch (cause) {
      throw new ClockError("ERR_CLOCK_HANDLE", "the handle of a clock that cannot be where it says", {
        cause,
      });
    }
    if (!isReady(place.cell.words)) {
      throw new ClockError("ERR_CLOCK_HANDLE", "there is no clock of this version where the handle points");
    }
    return new CoarseClock(new AttachTo(place) as never);
  }

  /**
   * What another thread needs to attach. Take it when you send it, not long before: on Bun it measures the wall clock.
   *
   * @throws ClockError `ERR_CLOCK_NOT_SHAREABLE` in a page that is not cross-origin isolated
   */
  get handle(): ClockHandle {
    const { buffer, byteOffset } = this.#place;
    if (buffer === undefined) {
      throw new ClockError(
        "ERR_CLOCK_NOT_SHAREABLE",
        "this page has no SharedArrayBuffer (serve it cross-origin isolated): the clock stays in its thread",
      );
    }
    this.#refreshEpoch();
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
    for (let attempt = 0; attempt < 2; attempt++) {
      const seenTick = loadTick(words);
      const seenMicros = loadMicros(words);
      const nowMs = performance.now() + this.#offsetMs;
      const micros = advanceMicros(words, seenMicros, (nowMs * 1000) >>> 0);
      if (advanceTick(words, seenTick, nowMs >>> 0) && micros) break;
    }
    if (epochMoves) this.#refreshEpochEachSecond();
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
    return performance.now() + this.#offsetMs;
  }

  /**
   * The wall time of a tick as the wall clock counts now, whole ms since 1970. Ticks up to 24.8 days back, or ahead.
   *
   * Concurrency: touches no shared memory.
   */
  unixMs(tick: number): number {
    const nowMs = this.nowMs();
    return Math.floor(Date.now() - (nowMs % 1) - (((nowMs >>> 0) - tick) | 0));
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
   * @throws ClockError `ERR_CLOCK_INTERVAL`, `ERR_CLOCK_DISPOSED`
   */
  startTicker(options: TickerOptions = {}): Ticker {
    this.#checkLive();
    const ticker = startInterval(
      () => this.update(),
      options,
      (stopped) => this.#running.delete(stopped),
    );
    if (ticker.running) this.#running.add(ticker);
    return ticker;
  }

  /** Stops everything that was started on this clock in this thread. Its memory and its readers stay. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const started of [...this.#running]) started[Symbol.dispose]();
  }

  #checkLive(): void {
    if (this.#disposed) throw new ClockError("ERR_CLOCK_DISPOSED", "the clock was disposed");
  }

  #refreshEpochEachSecond(): void {
    if (performance.now() - this.#epochCheckedMs >= 1000) this.#refreshEpoch();
  }

  #refreshEpoch(): void {
    if (!epochMoves) return;
    this.#epochCheckedMs = performance.now();
    storeEpochMs(this.#cell.epoch, threadEpochMs() - this.#offsetMs);
  }
}

/** Up to here the microseconds' difference is unambiguous (it would be up to 35.7 minutes). */
const FINE_STALENESS_MS = 1_000_000;

class AttachTo {
  readonly place: CellPlace;
  constructor(place: CellPlace) {
    this.place = place;
  }
}
