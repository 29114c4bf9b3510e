/**
 * The clock's 64 bytes, and every operation on them. No other file of this package touches shared memory.
 *
 *     byte  0        4        8                 16                24               32 … 63
 *          +--------+--------+--------+--------+-----------------+----------------+---------+
 *          | tick   | micros | state  |   0    | epoch, i64      |       0        |    0    |
 *          +--------+--------+--------+--------+-----------------+----------------+---------+
 *           u32 ms   u32 µs   CellState         unix time of tick 0, in µs
 *
 * `tick` and `micros` are written by any number of updaters and never go backwards (`advance`). `state` is written
 * by the creator alone. `epoch` is the creator's at first; see thread-epoch.ts for who refreshes it.
 */
export type CellWords = Int32Array;

/** What the access functions need of the cell: its words and, over the same bytes, its 64-bit epoch. */
export interface Cell {
  readonly words: CellWords;
  readonly epoch: BigInt64Array;
}

export const CELL_BYTES = 64;
/** The epoch is a 64-bit word, so a cell begins at a multiple of its size. */
export const CELL_ALIGNMENT = 8;

const TICK = 0;
const MICROS = 1;
const STATE = 2;
const EPOCH_BYTE = 16;

/** "CLK" and the version of this layout. */
const READY = 0x434c_4b01;
const CREATING = 0x434c_4b00;

/**
 * An updater's clock may be this much behind the cell and the cell stands still instead of going back: 1.05 s as
 * ticks, and the same as microseconds. Clocks of threads that share one hardware clock differ by less than 2 ms; the
 * bound is small because a cell that nobody updated until its word wrapped looks ahead as well, and then stands still
 * for as long.
 */
const TICKS_AHEAD = 1 << 10;
const MICROS_AHEAD = 1 << 20;

/** The cell over 64 bytes of `buffer`. The caller has checked offset and length. */
export function cellAt(buffer: ArrayBufferLike, byteOffset: number): Cell {
  return {
    words: new Int32Array(buffer, byteOffset, CELL_BYTES >> 2),
    epoch: new BigInt64Array(buffer, byteOffset + EPOCH_BYTE, 1),
  };
}

/** Concurrency: any thread, no wait. Atomic, because a loop that waits for time to pass must see it pass. */
export function loadTick(words: CellWords): number {
  return Atomics.load(words, TICK) >>> 0;
}

/** Concurrency: any thread, no wait. */
export function loadMicros(words: CellWords): number {
  return Atomics.load(words, MICROS) >>> 0;
}

/**
 * Replaces tick `seen` by `next`. True when the cell now holds `next` or something newer, false when another updater
 * was faster.
 *
 * Concurrency: any thread, no wait. `seen` must have been loaded *before* `next` was read from the real clock: then a
 * word that still is `seen` cannot be newer than `next`, however long this thread was held up in between, and however
 * often the word has wrapped. That is all that keeps the cell from going backwards.
 */
export function advanceTick(words: CellWords, seen: number, next: number): boolean {
  return advance(words, TICK, seen, next, TICKS_AHEAD);
}

/** As {@link advanceTick}, for the microseconds. Concurrency: any thread, no wait. */
export function advanceMicros(words: CellWords, seen: number, next: number): boolean {
  return advance(words, MICROS, seen, next, MICROS_AHEAD);
}

function advance(words: CellWords, index: number, seen: number, next: number, ahead: number): boolean {
  if ((seen - next) >>> 0 < ahead) return true;
  return Atomics.compareExchange(words, index, seen | 0, next | 0) === (seen | 0);
}

/** Concurrency: any thread, no wait. Of several threads that create a clock in one place, one gets true. */
export function claimCell(words: CellWords): boolean {
  return words.every((word) => word === 0) && Atomics.compareExchange(words, STATE, 0, CREATING) === 0;
}

/** Makes a claimed cell attachable. Concurrency: the claimer, once tick, micros and epoch are in place. */
export function sealCell(words: CellWords): void {
  Atomics.store(words, STATE, READY);
}

/** Concurrency: any thread, no wait. */
export function isReady(words: CellWords): boolean {
  return Atomics.load(words, STATE) === READY;
}

/** Unix time of the cell's time 0, in ms with µs resolution. Concurrency: any thread, no wait, never torn. */
export function loadEpochMs(epoch: BigInt64Array): number {
  return Number(Atomics.load(epoch, 0)) / 1000;
}

/** Concurrency: any thread, no wait. Writers differ by less than they measured wrong; the last one wins. */
export function storeEpochMs(epoch: BigInt64Array, unixMs: number): void {
  Atomics.store(epoch, 0, BigInt(Math.round(unixMs * 1000)));
}
