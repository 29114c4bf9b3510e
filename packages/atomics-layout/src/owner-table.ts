import { load, poke, store } from "@udp-relay/atomics-layout/memory";
import type { RegionOps, Words } from "@udp-relay/atomics-layout/memory";

/**
 * The owners' table: one entry of two 64-byte lines for each thread that holds or half-builds something.
 *
 *     word  0  epoch (22 bits) | index of the taker (8) | state (2)    word 0 and 1 change together, by one casPair
 *           1  thread id + 1 of the claimant, 0 while free
 *           2  last-seen tick (u32 ms)
 *           8  label (32 bytes of UTF-8)
 *          16  journal: 16 words in which the owner says what it is about to do; word 0 of it is 0 when nothing
 *
 *     FREE --claim--> LIVE --declare--> DEAD --take over--> TAKEN --repaired--> FREE
 *       ^---release---'                                     TAKEN, its taker dead: --take over--> TAKEN
 *
 * A free entry has an empty journal. A dead one keeps its epoch and its journal until it was repaired, so whatever is
 * marked with its id stays attributable. Only the taker of a TAKEN entry frees it.
 */
export const OWNER_BYTES = 128;
export const MAX_OWNERS = 256;

export const FREE = 0;
export const LIVE = 1;
export const DEAD = 2;
export const TAKEN = 3;

const OWNER_WORDS = OWNER_BYTES / 4;
const THREAD = 1;
const LAST_SEEN = 2;
const JOURNAL = 16;
const MAX_EPOCH = (1 << 22) - 1;

/** The owners' table of one region, as this thread reaches it. */
export class OwnerTable {
  readonly #words: Words;
  readonly #ops: RegionOps;
  readonly #base: number;
  readonly length: number;

  constructor(words: Words, ops: RegionOps, byteOffset: number, length: number) {
    this.#words = words;
    this.#ops = ops;
    this.#base = byteOffset >>> 2;
    this.length = length;
  }

  /**
   * Claims a free entry for a thread, in one step: a thread killed before it has claimed nothing.
   *
   * @returns the owner's id, or 0 if every entry is taken
   *
   * Concurrency: any thread; lock-free. Free entries that others claim meanwhile are skipped.
   */
  claim(threadId: number): number {
    for (let index = 0; index < this.length; index++) {
      const word = load(this.#words, this.#at(index));
      if (stateOf(word) !== FREE) continue;
      const epoch = epochOf(word) === MAX_EPOCH ? 1 : epochOf(word) + 1;
      if (this.#change(index, word, 0, pack(epoch, 0, LIVE), threadId + 1)) return idOf(index, epoch);
    }
    return 0;
  }

  /**
   * Frees the entry of a living owner that holds nothing any more.
   *
   * @returns false if it was declared dead before
   *
   * Concurrency: the owner.
   */
  release(id: number): boolean {
    const index = indexOf(id);
    const live = pack(epochOfId(id), 0, LIVE);
    if (load(this.#words, this.#at(index)) !== live) return false;
    const thread = load(this.#words, this.#at(index) + THREAD);
    this.#clear(index);
    return this.#change(index, live, thread, pack(epochOfId(id), 0, FREE), 0);
  }

  /**
   * Concurrency: any thread; one atomic read. True until the owner released or was declared dead.
   */
  isAlive(id: number): boolean {
    const index = indexOf(id);
    return index < this.length && load(this.#words, this.#at(index)) === pack(epochOfId(id), 0, LIVE);
  }

  /**
   * Declares an owner dead. Its thread must have ended: a paused one would write on.
   *
   * @returns true for exactly one caller
   *
   * Concurrency: any thread; never waits.
   */
  declareDead(id: number): boolean {
    const index = indexOf(id);
    if (index >= this.length) return false;
    const live = pack(epochOfId(id), 0, LIVE);
    if (load(this.#words, this.#at(index)) !== live) return false;
    const thread = load(this.#words, this.#at(index) + THREAD);
    return this.#change(index, live, thread, pack(epochOfId(id), 0, DEAD), thread);
  }

  /**
   * Declares dead whoever has the entry, if that is an owner of that thread: whose it is and the declaration are one
   * step, because another supervisor may declare and repair the same death, and a living thread claim the entry, in
   * between.
   *
   * @returns true for exactly one caller
   *
   * Concurrency: any thread; never waits.
   */
  declareThreadDead(index: number, threadId: number): boolean {
    const word = load(this.#words, this.#at(index));
    if (stateOf(word) !== LIVE) return false;
    return this.#change(index, word, threadId + 1, pack(epochOf(word), 0, DEAD), threadId + 1);
  }

  /**
   * Takes over an entry that was declared dead, or whose taker died before it had finished.
   *
   * @returns the dead owner's id for exactly one caller, 0 for everybody else
   *
   * Concurrency: any living owner; never waits.
   */
  takeOver(index: number, taker: number): number {
    const word = load(this.#words, this.#at(index));
    const thread = load(this.#words, this.#at(index) + THREAD);
    const state = stateOf(word);
    const orphaned =
      state === DEAD || (state === TAKEN && stateOf(load(this.#words, this.#at(takerOf(word)))) !== LIVE);
    if (!orphaned) return 0;
    const epoch = epochOf(word);
    return this.#change(index, word, thread, pack(epoch, indexOf(taker), TAKEN), thread)
      ? idOf(index, epoch)
      : 0;
  }

  /**
   * Frees an entry whose repair is complete. The taker must already hold what the dead owner had taken over itself: an
   * entry names its taker by index alone, which stays unambiguous only until the index is reused.
   *
   * Concurrency: the taker.
   */
  finish(id: number, taker: number): boolean {
    const index = indexOf(id);
    const taken = pack(epochOfId(id), indexOf(taker), TAKEN);
    if (load(this.#words, this.#at(index)) !== taken) return false;
    const thread = load(this.#words, this.#at(index) + THREAD);
    this.#clear(index);
    return this.#change(index, taken, thread, pack(epochOfId(id), 0, FREE), 0);
  }

  /** Gives a take-over back, for a repair that failed: the entry is DEAD again. Concurrency: the taker. */
  abandon(id: number, taker: number): boolean {
    const index = indexOf(id);
    const thread = load(this.#words, this.#at(index) + THREAD);
    const taken = pack(epochOfId(id), indexOf(taker), TAKEN);
    return this.#change(index, taken, thread, pack(epochOfId(id), 0, DEAD), thread);
  }

  /** FREE, LIVE, DEAD or TAKEN. Concurrency: any thread; may have changed when it is read. */
  state(index: number): number {
    return stateOf(load(this.#words, this.#at(index)));
  }

  /** The id of whoever has, or last had, the entry. Concurrency: as `state`. */
  id(index: number): number {
    return idOf(index, epochOf(load(this.#words, this.#at(index))));
  }

  /** The thread id of the claimant, -1 for a free entry. Concurrency: as `state`. */
  threadId(index: number): number {
    return load(this.#words, this.#at(index) + THREAD) - 1;
  }

  /** u32 ms as last beaten. Concurrency: as `state`. */
  lastSeenTick(index: number): number {
    return load(this.#words, this.#at(index) + LAST_SEEN) >>> 0;
  }

  /** Concurrency: the owner. */
  beat(index: number, tick: number): void {
    store(this.#words, this.#at(index) + LAST_SEEN, tick);
  }

  /** Index, in the region's words, of the first of the entry's 16 journal words. */
  journalIndex(index: number): number {
    return this.#at(index) + JOURNAL;
  }

  /** Byte offset of the entry's label. */
  labelByteOffset(index: number): number {
    return (this.#at(index) + 8) * 4;
  }

  #at(index: number): number {
    return this.#base + index * OWNER_WORDS;
  }

  #change(index: number, word: number, thread: number, nextWord: number, nextThread: number): boolean {
    return this.#ops.casPair(this.#at(index) * 4, word, thread, nextWord, nextThread) === 1;
  }

  /** Plain stores by whoever alone may write the entry; the casPair that frees it publishes them. */
  #clear(index: number): void {
    const at = this.#at(index);
    for (let i = LAST_SEEN; i < OWNER_WORDS; i++) poke(this.#words, at + i, 0);
  }
}

/** Epoch and index in one int32, never 0, never negative. */
export function idOf(index: number, epoch: number): number {
  return (epoch << 8) | index;
}

export function indexOf(id: number): number {
  return id & 0xff;
}

export function epochOfId(id: number): number {
  return (id >>> 8) & MAX_EPOCH;
}

function pack(epoch: number, taker: number, state: number): number {
  return (epoch << 10) | (taker << 2) | state;
}

function stateOf(word: number): number {
  return word & 3;
}

function takerOf(word: number): number {
  return (word >>> 2) & 0xff;
}

function epochOf(word: number): number {
  return word >>> 10;
}
