import { compareExchange, load, load64, store, store64 } from "#shared-cell";

/**
 * A clock's 64 bytes, and what threads may do to them.
 *
 *     byte 0        4        8        12       16                24              32              63
 *          +--------+--------+--------+--------+-----------------+---------------+----------------+
 *          |  tick  | micros | state  |   0    |      epoch      |       0       |       0        |
 *          +--------+--------+--------+--------+-----------------+---------------+----------------+
 *           u32 ms   u32 µs                     i64, unix time of the clock's 0, in µs
 *
 * `tick` and `micros` have any number of writers and never go backwards (`advance`). Each is exact by itself; one of
 * them may be an update ahead of the other. `state` is its creator's. `epoch` is its creator's too, until the wall
 * clock is set in a process that knows its threads' epochs by the wall clock alone (thread-epoch.ts).
 */
export interface Cell {
  readonly words: Int32Array;
  readonly epoch: BigInt64Array;
}

export const CELL_BYTES = 64;
/** The epoch is a 64-bit word. */
export const CELL_ALIGNMENT = 8;

const TICK = 0;
const MICROS = 1;
const STATE = 2;
const EPOCH_BYTE = 16;

const EMPTY = 0;
/** "CLK", then 0 while the clock is being created, and this layout's version from then on. */
const CREATING = 0x434c_4b00;
const READY = 0x434c_4b01;

/**
 * How far the cell may be ahead of an updater's clock, and stands still instead of going back: 1,024 ms, and 1,048,576
 * µs. Threads that share one hardware clock differ by less than 2 ms; it is not more because a word that wrapped while
 * nobody updated may look ahead as well, and then stands still for as long.
 */
const TICKS_AHEAD = 1 << 10;
const MICROS_AHEAD = 1 << 20;

/** The cell at `byteOffset`, which the caller has checked. */
export function cellAt(buffer: ArrayBufferLike, byteOffset: number): Cell {
  return {
    words: new Int32Array(buffer, byteOffset, CELL_BYTES / Int32Array.BYTES_PER_ELEMENT),
    epoch: new BigInt64Array(buffer, byteOffset + EPOCH_BYTE, 1),
  };
}

/** u32. Concurrency: any thread, one atomic load. */
export function loadTick(words: Int32Array): number {
  return load(words, TICK) >>> 0;
}

/** u32. Concurrency: any thread, one atomic load. */
export function loadMicros(words: Int32Array): number {
  return load(words, MICROS) >>> 0;
}

/**
 * Replaces the tick that was `seen` by `next`. True when the cell now holds `next` or something newer, false when
 * another updater was faster.
 *
 * Concurrency: any thread, no wait. `seen` must have been loaded *before* the real clock was read for `next`: then a
 * word that still is `seen` cannot be newer than `next`, however long this thread was held up in between and however
 * often the word has wrapped. Nothing else keeps the cell from going backwards.
 */
export function advanceTick(words: Int32Array, seen: number, next: number): boolean {
  return advance(words, TICK, seen, next, TICKS_AHEAD);
}

/** As {@link advanceTick}, for the microseconds. Concurrency: any thread, no wait. */
export function advanceMicros(words: Int32Array, seen: number, next: number): boolean {
  return advance(words, MICROS, seen, next, MICROS_AHEAD);
}

function advance(words: Int32Array, index: number, seen: number, next: number, ahead: number): boolean {
  if ((seen - next) >>> 0 < ahead) return true;
  return compareExchange(words, index, seen | 0, next | 0) === (seen | 0);
}

/** Concurrency: any thread, no wait. Of several threads that create a clock in one place, one gets true. */
export function claimCell({ words }: Cell): boolean {
  for (let index = 0; index < words.length; index++) if (load(words, index) !== 0) return false;
  return compareExchange(words, STATE, EMPTY, CREATING) === EMPTY;
}

/** Makes a claimed cell attachable. Concurrency: who claimed it, once everything else is in place. */
export function sealCell({ words }: Cell): void {
  store(words, STATE, READY);
}

/** Concurrency: any thread, no wait. */
export function isSealed({ words }: Cell): boolean {
  return load(words, STATE) === READY;
}

/** Unix time of the clock's 0, in ms with µs resolution. Concurrency: any thread, no wait. */
export function loadEpochMs({ epoch }: Cell): number {
  return load64(epoch, 0) / 1000;
}

/** Concurrency: any thread, no wait; the last one wins, and all of them measured the same. */
export function storeEpochMs({ epoch }: Cell, unixMs: number): void {
  store64(epoch, 0, Math.round(unixMs * 1000));
}
