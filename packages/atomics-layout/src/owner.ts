import type { OwnerTable } from "./owner-table.ts";
import { epochOfId, indexOf } from "./owner-table.ts";

/**
 * One thread's place in a region's owners' table. Whatever the thread locks or half-builds is marked with `id`, so
 * that it can be taken over once the owner was declared dead.
 */
export class Owner {
  /** Epoch and index in one int32, never 0, never negative; not given out again before 4,194,303 more claims of the entry. */
  readonly id: number;
  /** Place in the table, 0..255. */
  readonly index: number;
  /** 1..4,194,303 */
  readonly epoch: number;
  /**
   * Index in `region.words` of this owner's journal: 16 words on a cache line of their own, where it says what it is
   * about to do before it does it. Its first word is 0 while nothing is under way. They stay as they are after the
   * owner's death until every repair has run.
   */
  readonly journalIndex: number;
  readonly #table: OwnerTable;

  constructor(table: OwnerTable, id: number) {
    this.#table = table;
    this.id = id;
    this.index = indexOf(id);
    this.epoch = epochOfId(id);
    this.journalIndex = table.journalIndex(this.index);
  }

  /**
   * Shows that this thread moves on: once a batch, and at least as often as `superviseWorker`'s `stallAfterMs`.
   *
   * @param tick u32 milliseconds of any clock; only its change is looked at
   * @returns false once the owner was released or declared dead: then stop writing
   *
   * Concurrency: the owner's thread; never waits.
   */
  beat(tick: number): boolean {
    if (!this.#table.isAlive(this.id)) return false;
    this.#table.beat(this.index, tick);
    return true;
  }

  /** Concurrency: any thread; one atomic read. */
  get alive(): boolean {
    return this.#table.isAlive(this.id);
  }

  /**
   * Gives the entry back; nothing may be marked with `id` any more.
   *
   * @returns false if it was released or declared dead before
   *
   * Concurrency: the owner's thread; never waits.
   */
  release(): boolean {
    return this.#table.release(this.id);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
