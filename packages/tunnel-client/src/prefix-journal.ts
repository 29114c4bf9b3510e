import type { Owner, Region } from "@udp-relay/atomics-layout";
import { load, peek, poke, store } from "@udp-relay/atomics-layout/memory";

/** Words of an owner's journal. */
const UNDER_WAY = 0;
const MEMBER = 1;
/** Handles of two prefixes, u64 each; 0 for none. */
const PREFIXES = [2, 4] as const;

/** What a dead owner was entering or taking out. */
export interface JournalEntry {
  readonly member: number;
  readonly prefixes: readonly number[];
}

/** Where an owner says which member it is about to enter or to take out, so that whoever repairs after it finds the word. */
export class PrefixJournal {
  readonly #region: Region;
  readonly #owner: Owner;

  constructor(region: Region, owner: Owner) {
    this.#region = region;
    this.#owner = owner;
  }

  /** @param from the prefix that a client leaves by moving, 0 for none. Concurrency: the owner. */
  begin(member: number, to: number, from: number): void {
    const { words, ops } = this.#region;
    const at = this.#owner.journalIndex;
    poke(words, at + MEMBER, member);
    ops.store64((at + PREFIXES[0]) * 4, to);
    ops.store64((at + PREFIXES[1]) * 4, from);
    store(words, at + UNDER_WAY, 1);
  }

  /** The change is complete. Concurrency: the owner. */
  end(): void {
    store(this.#region.words, this.#owner.journalIndex + UNDER_WAY, 0);
  }

  /** What a dead owner had under way. Concurrency: whoever repairs after it. */
  read(dead: number): JournalEntry | undefined {
    const { words, ops } = this.#region;
    const at = this.#region.ownerJournalIndex(dead);
    if (load(words, at + UNDER_WAY) === 0) return undefined;
    return {
      member: peek(words, at + MEMBER),
      prefixes: PREFIXES.map((word) => ops.load64((at + word) * 4)),
    };
  }
}
