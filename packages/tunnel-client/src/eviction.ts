import type { ExpiryReason } from "./expiry-queue.ts";
import { SlotRanking } from "./slot-ranking.ts";
import { sinceMs } from "./tick-distance.ts";

/** What the table knows of its slots, and decides about one; all in a guard. */
export interface EvictionJudge {
  readonly slots: number;
  readonly timeoutMs: number;
  /** Clients that ever joined, all threads' together, modulo 2^32. */
  joined(): number;
  isLive(slot: number): boolean;
  handle(slot: number): number;
  /** The slot of a handle's client, -1 once it is gone. */
  resolve(handle: number): number;
  lastReceiveTick(slot: number): number;
  /** Nothing was ever forwarded to the client. */
  isUnpaired(slot: number): boolean;
  /** Removes the client if the reason still holds. */
  remove(handle: number, reason: ExpiryReason, now: number): boolean;
}

interface Candidate {
  readonly handle: number;
  /** Its last receive when it was looked at. */
  readonly tick: number;
}

/** The share of the slots that one look through all of them remembers, and the least number. */
const REMEMBERED_SHARE = 16;
const REMEMBERED_LEAST = 64;
/** What is looked at again for want of better knowledge waits for this share of the timeout in between. */
const PATIENCE_SHARE = 64;

/**
 * Makes room in a full table: by an expired client; only if there is none by an unpaired one, the longest silent first;
 * only if there is none either, not at all.
 *
 * A *look* goes through all slots and remembers the sixteenth of them that expires next, and as many of the unpaired that
 * have been silent longest. Last receives only move on, and who joins is the least silent of all: so until the last of
 * those remembered would expire, nobody expires but they; and the longest silent of the unpaired is at the head of its
 * list, if it has not been heard of since. An attempt costs what it takes off the lists, and a look is due only after a
 * sixteenth of the clients has expired, been heard of or been evicted: 17 a timeout at most, and one in as many evictions.
 */
export class Eviction {
  readonly #judge: EvictionJudge;
  readonly #remembered: number;
  readonly #patienceMs: number;
  /** Sorted by when they expire, the next one last. */
  #expiring: Candidate[] = [];
  /** Timed out, but held back by a late receiver or a BUSY shard. */
  #held: Candidate[] = [];
  /** From `#firstUnpaired` on, the longest silent first, by what was known of them. */
  #unpaired: Candidate[] = [];
  #firstUnpaired = 0;
  /** There are unpaired clients that are not in the list; none was heard of before tick `#bound`. */
  #truncated = false;
  #bound = 0;
  /** A removal failed though its reason held. */
  #spared = false;
  /** Joins that are accounted for in the list of the unpaired. */
  #joined = 0;
  #looked = false;
  #lookedAt = 0;
  #heldAt = 0;
  /** Until this tick nobody expires who is not in the lists. */
  #horizon = 0;

  constructor(judge: EvictionJudge) {
    this.#judge = judge;
    this.#remembered = Math.max(REMEMBERED_LEAST, Math.ceil(judge.slots / REMEMBERED_SHARE));
    this.#patienceMs = Math.max(1, Math.floor(judge.timeoutMs / PATIENCE_SHARE));
  }

  /** Concurrency: in a guard; removes under the client's shard's lock. */
  makeRoom(now: number): boolean {
    if (this.#looked && this.#expire(now)) return true;
    if (!this.#looked || (((now - this.#horizon) | 0) >= 0 && !this.#isPatient(now))) {
      this.#look(now);
      if (this.#expire(now)) return true;
    }
    if (this.#evict(now)) return true;
    if (!this.#truncated) {
      const all = !this.#spared && this.#judge.joined() === this.#joined;
      if (all || sinceMs(now, this.#lookedAt) < this.#patienceMs) return false;
    }
    this.#look(now);
    return this.#expire(now) || this.#evict(now);
  }

  /** A client of this thread's has joined. Concurrency: in a guard. */
  joined(handle: number, now: number): void {
    if (!this.#looked) return;
    this.#joined = (this.#joined + 1) >>> 0;
    if (!this.#truncated && this.#unpaired.length - this.#firstUnpaired >= this.#remembered) {
      this.#truncated = true;
      this.#bound = now;
    } else this.#insertUnpaired({ handle, tick: now });
  }

  /** Who is held back would be found again by every look. */
  #isPatient(now: number): boolean {
    return this.#held.length > 0 && sinceMs(now, this.#lookedAt) < this.#patienceMs;
  }

  #look(now: number): void {
    const judge = this.#judge;
    this.#joined = judge.joined();
    const expiring = new SlotRanking(this.#remembered);
    const unpaired = new SlotRanking(this.#remembered);
    let live = 0;
    let lonely = 0;
    for (let slot = 0; slot < judge.slots; slot++) {
      if (!judge.isLive(slot)) continue;
      live++;
      const freshness = -sinceMs(now, judge.lastReceiveTick(slot));
      expiring.add(slot, freshness);
      if (!judge.isUnpaired(slot)) continue;
      lonely++;
      unpaired.add(slot, freshness);
    }
    const candidate = (slot: number, freshness: number): Candidate => {
      return { handle: judge.handle(slot), tick: (now + freshness) >>> 0 };
    };
    this.#expiring = [];
    expiring.forEach((slot, freshness) => this.#expiring.push(candidate(slot, freshness)));
    this.#unpaired = [];
    this.#firstUnpaired = 0;
    unpaired.forEach((slot, freshness) => this.#unpaired.push(candidate(slot, freshness)));
    const last = live > this.#remembered ? this.#expiring.at(-1)!.tick : now;
    this.#expiring.reverse();
    this.#held = [];
    this.#truncated = lonely > this.#remembered;
    this.#bound = this.#unpaired.at(-1)?.tick ?? now;
    this.#spared = false;
    this.#horizon = now + judge.timeoutMs - sinceMs(now, last);
    this.#lookedAt = now;
    this.#looked = true;
  }

  #expire(now: number): boolean {
    const { timeoutMs } = this.#judge;
    if (this.#held.length > 0 && sinceMs(now, this.#heldAt) >= this.#patienceMs) {
      this.#heldAt = now;
      this.#expiring.push(...this.#held.splice(0).reverse());
    }
    for (let next = this.#expiring.at(-1); next !== undefined; next = this.#expiring.at(-1)) {
      if (sinceMs(now, next.tick) < timeoutMs) return false;
      this.#expiring.pop();
      const slot = this.#judge.resolve(next.handle);
      if (slot < 0) continue;
      if (this.#judge.remove(next.handle, "expired", now)) return true;
      if (sinceMs(now, this.#judge.lastReceiveTick(slot)) < timeoutMs) continue;
      if (this.#held.length === 0) this.#heldAt = now;
      this.#held.push(next);
    }
    return false;
  }

  #evict(now: number): boolean {
    while (this.#firstUnpaired < this.#unpaired.length) {
      const { handle, tick } = this.#unpaired[this.#firstUnpaired++]!;
      if (this.#firstUnpaired > this.#remembered) {
        this.#unpaired.splice(0, this.#firstUnpaired);
        this.#firstUnpaired = 0;
      }
      const slot = this.#judge.resolve(handle);
      if (slot < 0) continue;
      const heard = this.#judge.lastReceiveTick(slot);
      if (heard !== tick && this.#judge.isUnpaired(slot)) this.#insertUnpaired({ handle, tick: heard });
      else if (this.#judge.remove(handle, "evicted", now)) return true;
      else this.#spared ||= this.#judge.isUnpaired(slot);
    }
    return false;
  }

  /** Keeps the order. In a truncated list others come before whoever was heard of later; the next look finds him. */
  #insertUnpaired(candidate: Candidate): void {
    if (this.#truncated && ((candidate.tick - this.#bound) | 0) >= 0) return;
    let at = this.#unpaired.length;
    while (at > this.#firstUnpaired && ((this.#unpaired[at - 1]!.tick - candidate.tick) | 0) > 0) at--;
    this.#unpaired.splice(at, 0, candidate);
  }
}
