import type { ExpiryReason } from "./expiry-queue.ts";

/** What the table decides about one slot; all in a guard. */
export interface EvictionJudge {
  readonly slots: number;
  /** A number for the client in the slot, 0 if there is none. */
  handle(slot: number): number;
  isExpired(slot: number): boolean;
  /** Nothing was ever forwarded to the client. */
  isUnpaired(slot: number): boolean;
  /** How long it has been silent. */
  idleMs(slot: number): number;
  /** Removes the client if the reason still holds. */
  remove(handle: number, reason: ExpiryReason): boolean;
}

/** Slots that one attempt to make room looks at. Tables up to this size are looked through whole. */
const BUDGET = 1_024;
const CANDIDATES = 32;

/**
 * Makes room in a full table: by an expired client, else by the unpaired one that has been silent longest, among the slots
 * that it looks at. A look that found nothing is not repeated within the same tick, and the unpaired that it found serve
 * the next attempts: a flood of newcomers costs a bounded share of the time.
 */
export class Eviction {
  #cursor = 0;
  #fruitlessTick = -1;
  readonly #candidates: { handle: number; idleMs: number }[] = [];

  /** Concurrency: in a guard; removes under the client's shard's lock. */
  makeRoom(judge: EvictionJudge, now: number): boolean {
    if (this.#fruitlessTick === now) return this.#evict(judge);
    const looked = Math.min(BUDGET, judge.slots);
    this.#candidates.length = 0;
    for (let n = 0; n < looked; n++) {
      const slot = this.#cursor;
      this.#cursor = slot + 1 < judge.slots ? slot + 1 : 0;
      const handle = judge.handle(slot);
      if (handle === 0) continue;
      if (judge.isExpired(slot) && judge.remove(handle, "expired")) return true;
      if (judge.isUnpaired(slot)) this.#candidates.push({ handle, idleMs: judge.idleMs(slot) });
    }
    // Nothing expires before the tick moves on.
    this.#fruitlessTick = now;
    this.#candidates.sort((a, b) => a.idleMs - b.idleMs);
    this.#candidates.splice(0, this.#candidates.length - CANDIDATES);
    return this.#evict(judge);
  }

  #evict(judge: EvictionJudge): boolean {
    for (let last = this.#candidates.pop(); last !== undefined; last = this.#candidates.pop()) {
      if (judge.remove(last.handle, "evicted")) return true;
    }
    return false;
  }
}
