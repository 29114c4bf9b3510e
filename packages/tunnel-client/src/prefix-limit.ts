import type { Owner, RegionHandle } from "@udp-relay/atomics-layout";
import { compareExchange, load, store } from "@udp-relay/atomics-layout/memory";
import { type EndpointWords, ShardedMap } from "@udp-relay/sharded-map";
import { JOIN_BUSY, JOIN_PREFIX_FULL } from "./join-refusal.ts";
import type { Membership } from "./membership.ts";
import { prefixOf, samePrefix } from "./prefix-bits.ts";
import { PrefixJournal } from "./prefix-journal.ts";
import { generationOfHandle } from "./table-memory.ts";

/*
 * How many clients a prefix has is never counted: each is a *member word* in the prefix's record, and there are as many
 * words as clients may be. So the limit cannot be exceeded, and what a dead thread leaves behind is recognised as such.
 *
 *     a prefix:  0 CLOSER: owner id of who is removing it, else 0   4..15 members, then 12 more in each further line
 *     a member:  generation (what bits are left) | slot + 1         0: free
 *
 * A member is true while its client lives, in that generation. It is entered before the client lives (under the lock of
 * the client's shard), so it also holds in the life before; if its thread dies there, the journal names it and the repair
 * takes it back. A newcomer may take any word that is not true.
 *
 * A prefix without members is removed: the remover closes it, then looks at the members; a joiner enters its word, then
 * looks whether it is closed. So one of the two sees the other.
 */
const CLOSER = 0;
const FIRST_MEMBER = 4;
const LINE_WORDS = 16;
const MEMBERS_A_LINE = LINE_WORDS - FIRST_MEMBER;

/** What `create` decides, and every thread must know. */
export interface PrefixLimitOptions {
  readonly clientsPerPrefix: number;
  readonly prefixBits6: number;
}

/** Keeps the clients of one prefix (an IPv4 address, an IPv6 /64) to a limit, over a shared map of its own. */
export class PrefixLimit {
  private readonly map: ShardedMap;
  private readonly owner: Owner;
  readonly #membership: Membership;
  readonly #journal: PrefixJournal;
  readonly #limit: number;
  readonly #bits6: number;
  readonly #recordWords: number;
  readonly #recordsAt: number;
  readonly #slotBits: number;
  readonly #isEmpty = (prefix: number): boolean => this.#close(prefix);

  constructor(map: ShardedMap, options: PrefixLimitOptions, membership: Membership) {
    this.map = map;
    this.#membership = membership;
    this.#limit = options.clientsPerPrefix;
    this.#bits6 = options.prefixBits6;
    this.#recordWords = recordBytes(options.clientsPerPrefix) / 4;
    this.#recordsAt = map.region.section("records").byteOffset / 4;
    this.#slotBits = Math.ceil(Math.log2(membership.slots + 2));
    this.owner = map.region.claimOwner("prefix-limit");
    this.#journal = new PrefixJournal(map.region, this.owner);
    map.region.onOwnerDeath((index, epoch) => {
      this.#repair(map.region.owners().find((owner) => owner.index === index && owner.epoch === epoch)?.id);
    });
  }

  /** The map for a table of that many slots: no more prefixes than clients, and joins in progress. */
  static createMap(slots: number, owners: number, options: PrefixLimitOptions): ShardedMap {
    return ShardedMap.create({
      capacity: slots,
      key: "endpoint",
      recordBytes: recordBytes(options.clientsPerPrefix),
      owners,
      repairs: 1,
    });
  }

  get shared(): RegionHandle {
    return this.map.region.shared;
  }

  /** Prefixes that have members. Concurrency: anywhere. */
  get size(): number {
    return this.map.size;
  }

  /** Whether a newcomer would be refused now. A look without locks, before anything is begun. Concurrency: anywhere. */
  isFull(endpoint: EndpointWords): boolean {
    const guard = this.map.enter();
    const prefix = this.#find(endpoint);
    const full = prefix >= 0 && this.#members(prefix) >= this.#limit;
    guard.leave();
    return full;
  }

  /** Calls back with the members of the endpoint's prefix until one says true. Concurrency: in a guard of the clients. */
  some(endpoint: EndpointWords, callback: (slot: number) => boolean): boolean {
    const guard = this.map.enter();
    const prefix = this.#find(endpoint);
    let found = false;
    for (let i = 0; prefix >= 0 && !found && i < this.#limit; i++) {
      const member = load(this.map.region.words, this.#memberAt(prefix, i));
      found = this.#isTrue(member) && callback(this.#slotOf(member));
    }
    guard.leave();
    return found;
  }

  /** How many clients a prefix has now. Concurrency: anywhere. */
  count(endpoint: EndpointWords): number {
    const guard = this.map.enter();
    const prefix = this.#find(endpoint);
    const members = prefix < 0 ? 0 : this.#members(prefix);
    guard.leave();
    return members;
  }

  /** Whether both endpoints are of one prefix. */
  same(a: EndpointWords, b: EndpointWords): boolean {
    return samePrefix(a, b, this.#bits6);
  }

  /**
   * Enters a client that is about to live, in the generation given, or to move to the endpoint's prefix. `settle` ends it.
   *
   * @param from where a client that moves is until then; `leave` it afterwards
   * @returns 0, JOIN_PREFIX_FULL, or JOIN_BUSY
   *
   * Concurrency: the only thread that may begin or move this client; never waits.
   */
  enter(slot: number, generation: number, endpoint: EndpointWords, from?: EndpointWords): number {
    const guard = this.map.enter();
    const { a0, a1, a2, a3, zone } = prefixOf(endpoint, this.#bits6);
    let prefix = this.map.getOrInsertWords(a0, a1, a2, a3, 0, zone);
    if (prefix === -1 && this.map.sweep(this.#isEmpty, this.#membership.slots) > 0) {
      prefix = this.map.getOrInsertWords(a0, a1, a2, a3, 0, zone);
    }
    const left = from === undefined ? -1 : this.#find(from);
    const result = prefix < 0 ? JOIN_BUSY : this.#enterAt(prefix, this.#member(slot, generation), left);
    guard.leave();
    return result;
  }

  /** What `enter` began is complete: the client lives, or has moved. Concurrency: the thread that entered it. */
  settle(): void {
    this.#journal.end();
  }

  /**
   * Takes a client out that is gone, or has moved away.
   *
   * Concurrency: anywhere, for a client that no other thread moves. A member that is left behind holds no place.
   */
  leave(slot: number, generation: number, endpoint: EndpointWords): void {
    const guard = this.map.enter();
    const prefix = this.#find(endpoint);
    if (prefix >= 0) this.#leaveAt(prefix, this.#member(slot, generation));
    guard.leave();
  }

  /** This thread's entries in the map's `region.owners()`: what `repairAfter` wants to know once it is dead. */
  get ownerIds(): readonly [number, number] {
    return [this.map.ownerId, this.owner.id];
  }

  /** Repairs what the thread left that had these entries. Concurrency: whoever repairs after its death, any number of times. */
  repairAfter(ownerIds: readonly [number, number]): void {
    for (const id of ownerIds) this.map.region.declareDead(id);
    this.map.region.repairDead(this.owner);
  }

  [Symbol.dispose](): void {
    this.map[Symbol.dispose]();
    this.owner.release();
  }

  #enterAt(prefix: number, member: number, left: number): number {
    const { words } = this.map.region;
    const handle = this.map.handle(prefix);
    this.#journal.begin(member, handle, left < 0 ? 0 : this.map.handle(left));
    for (let i = 0; i < this.#limit; i++) {
      const at = this.#memberAt(prefix, i);
      const found = load(words, at);
      if (this.#isTrue(found) || compareExchange(words, at, found, member) !== found) continue;
      if (this.#isOpen(prefix, handle)) return 0;
      compareExchange(words, at, member, 0);
      this.#journal.end();
      return JOIN_BUSY;
    }
    this.#journal.end();
    return JOIN_PREFIX_FULL;
  }

  /** Concurrency: after the joiner's word is in; whoever closes the prefix looks at the words after closing it. */
  #isOpen(prefix: number, handle: number): boolean {
    const { words } = this.map.region;
    const at = this.#recordAt(prefix) + CLOSER;
    const closer = load(words, at);
    if (closer !== 0 && !this.map.region.isOwnerAlive(closer)) compareExchange(words, at, closer, 0);
    return load(words, at) === 0 && this.map.resolve(handle) >= 0;
  }

  #leaveAt(prefix: number, member: number): void {
    const { words } = this.map.region;
    const handle = this.map.handle(prefix);
    this.#journal.begin(member, handle, 0);
    for (let i = 0; i < this.#limit; i++) {
      if (compareExchange(words, this.#memberAt(prefix, i), member, 0) === member) break;
    }
    this.#journal.end();
    if (this.#members(prefix) === 0) this.map.removeHandle(handle, this.#isEmpty);
  }

  /** Closes a prefix if it has no members. Concurrency: the holder of the prefix's lock, who then removes it. */
  #close(prefix: number): boolean {
    const { words } = this.map.region;
    const at = this.#recordAt(prefix) + CLOSER;
    store(words, at, this.owner.id);
    if (this.#members(prefix) === 0) return true;
    store(words, at, 0);
    return false;
  }

  #members(prefix: number): number {
    let members = 0;
    for (let i = 0; i < this.#limit; i++) {
      if (this.#isTrue(load(this.map.region.words, this.#memberAt(prefix, i)))) members++;
    }
    return members;
  }

  #isTrue(member: number): boolean {
    if (member === 0) return false;
    const slot = this.#slotOf(member);
    if (slot < 0 || slot >= this.#membership.slots) return false;
    // One atomic read decides. If the client came to life since its handle was read, it is the one after that handle.
    const handle = this.#membership.handle(slot);
    const generation = generationOfHandle(handle);
    const lives = this.#membership.resolve(handle) >= 0;
    return this.#member(slot, lives ? generation : generation + 1) === member;
  }

  #member(slot: number, generation: number): number {
    return (generation << this.#slotBits) | (slot + 1);
  }

  #slotOf(member: number): number {
    return (member & (2 ** this.#slotBits - 1)) - 1;
  }

  /** Takes a dead owner's member back, unless its client lives and is of that prefix. May run again. */
  #repair(dead: number | undefined): void {
    const entry = dead === undefined ? undefined : this.#journal.read(dead);
    if (entry === undefined) return;
    const { member } = entry;
    const guard = this.map.enter();
    for (const handle of entry.prefixes) {
      const prefix = this.map.resolve(handle);
      if (prefix < 0 || this.#belongs(prefix, member)) continue;
      for (let i = 0; i < this.#limit; i++) {
        compareExchange(this.map.region.words, this.#memberAt(prefix, i), member, 0);
      }
      if (this.#members(prefix) === 0) this.map.removeHandle(this.map.handle(prefix), this.#isEmpty);
    }
    guard.leave();
  }

  #belongs(prefix: number, member: number): boolean {
    const slot = this.#slotOf(member);
    const handle = this.#membership.handle(slot);
    if (this.#membership.resolve(handle) < 0) return false;
    if (this.#member(slot, generationOfHandle(handle)) !== member) return false;
    return this.same(this.#membership.endpoint(slot), this.map.endpointOf(prefix));
  }

  #find(endpoint: EndpointWords): number {
    const { a0, a1, a2, a3, zone } = prefixOf(endpoint, this.#bits6);
    return this.map.getWords(a0, a1, a2, a3, 0, zone);
  }

  #recordAt(prefix: number): number {
    return this.#recordsAt + prefix * this.#recordWords;
  }

  #memberAt(prefix: number, i: number): number {
    const line = Math.floor(i / MEMBERS_A_LINE);
    return this.#recordAt(prefix) + line * LINE_WORDS + FIRST_MEMBER + (i - line * MEMBERS_A_LINE);
  }
}

function recordBytes(limit: number): number {
  return Math.ceil(limit / MEMBERS_A_LINE) * LINE_WORDS * 4;
}
