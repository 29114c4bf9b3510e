import type { MapMemory } from "./map-memory.ts";
import { hashOfKey as hashOfItsKey, storedPort } from "./identity.ts";
import * as inserting from "./insert-entry.ts";
import type { InitializeRecord } from "./insert-entry.ts";
import { MapLookups } from "./map-lookups.ts";
import type { EndpointWords } from "./map-options.ts";
import { EXISTS } from "./outcomes.ts";
import { rekeyEntry } from "./rekey-entry.ts";
import * as removing from "./remove-entry.ts";
import type { SlotPredicate } from "./remove-entry.ts";
import { ShardedMapError } from "./sharded-map-error.ts";

// Own names: see map-memory.ts.
const hashOfKey = hashOfItsKey;
const { existingSlot, insertEntry } = inserting;
const { removeHandle, removeKey } = removing;

/** The writing half of a `ShardedMap`: entries come, go, and change their keys, under their shard's lock. */
export class MapWriters extends MapLookups {
  /** Whether the last `getOrInsert` of this thread made the entry it returned. */
  created = false;

  /**
   * The slot of a key; of a new entry if it had none. `created` says which. A new record is zero, or as `init` leaves it.
   *
   * @param init runs under the shard's lock before anybody can find the entry: it may read this map, not write to it
   * @returns the slot, FULL, or BUSY
   * @throws ShardedMapError as `get`, ERR_SHARDED_MAP_REENTRANT, and ERR_SHARDED_MAP_KEY for a new key that is no u32; what
   * `init` throws, and the entry never existed
   *
   * Concurrency: in a guard. One entry a key however many threads race. Spins some 50 µs at most, then BUSY.
   */
  getOrInsert(key: number, init?: InitializeRecord): number {
    const slot = this.get(key);
    this.created = false;
    return slot >= 0 ? slot : this.getOrAdd(this.takeU32(key), init);
  }

  /** As `getOrInsert`, for an endpoint. */
  getOrInsertEndpoint(endpoint: EndpointWords, init?: InitializeRecord): number {
    const { a0, a1, a2, a3, port, zone } = endpoint;
    return this.getOrInsertWords(a0, a1, a2, a3, port, zone, init);
  }

  /** As `getOrInsert`, for an endpoint given by its words. */
  getOrInsertWords(
    a0: number,
    a1: number,
    a2: number,
    a3: number,
    port: number,
    zone: number,
    init?: InitializeRecord,
  ): number {
    const slot = this.getWords(a0, a1, a2, a3, port, zone);
    this.created = false;
    return slot >= 0 ? slot : this.getOrAdd(this.takeWords(a0, a1, a2, a3, port, zone), init);
  }

  /** As `getOrInsert`, but EXISTS if the key has an entry already. Concurrency: as `getOrInsert`. */
  insert(key: number, init?: InitializeRecord): number {
    if (this.u32Guard.depth === 0) this.refuse(1);
    return this.add(this.takeU32(key), init);
  }

  /** As `insert`, for an endpoint. */
  insertEndpoint(endpoint: EndpointWords, init?: InitializeRecord): number {
    if (this.endpointGuard.depth === 0) this.refuse(6);
    return this.add(this.takeEndpoint(endpoint), init);
  }

  /**
   * Removes a key's entry. Its slot rests until every guard that stands now has ended, so that in a guard of your own its
   * record can still be read.
   *
   * @returns the slot that the entry had, ABSENT, or BUSY
   * @throws ShardedMapError ERR_SHARDED_MAP_KEY, ERR_SHARDED_MAP_KEY_KIND, ERR_SHARDED_MAP_REENTRANT
   *
   * Concurrency: in a guard or not. Spins some 50 µs at most, then BUSY.
   */
  remove(key: number): number {
    return this.removeAgreed(this.takeU32(key), undefined);
  }

  /** As `remove`, for an endpoint. */
  removeEndpoint(endpoint: EndpointWords): number {
    return this.removeAgreed(this.takeEndpoint(endpoint), undefined);
  }

  /**
   * As `remove`, but only if the predicate agrees; ABSENT also if it does not. It runs under the shard's lock, so that the
   * entry is there and keeps its key; other threads may still write to its record. It may read this map, not write to it.
   */
  removeIf(key: number, predicate: SlotPredicate): number {
    return this.removeAgreed(this.takeU32(key), predicate);
  }

  /** As `removeIf`, for an endpoint. */
  removeEndpointIf(endpoint: EndpointWords, predicate: SlotPredicate): number {
    return this.removeAgreed(this.takeEndpoint(endpoint), predicate);
  }

  /** As `remove` and `removeIf`, for the entry of a handle, whatever its key is by now. */
  removeHandle(handle: number, predicate?: SlotPredicate): number {
    this.guard.enter();
    try {
      return removeHandle(this.memory, handle, predicate);
    } finally {
      this.guard.leave();
    }
  }

  /**
   * Gives an entry another key; slot, record and handle stay. Before one moment it is found under the old key alone, after
   * it under the new one alone.
   *
   * @returns the slot, ABSENT (no such entry), EXISTS (another entry has the key), or BUSY: a lock, or an endpoint that
   * changed its key a moment ago, while somebody has been in a guard since
   *
   * Concurrency: in a guard or not. Spins some 100 µs at most, then BUSY.
   */
  rekey(handle: number, key: number): number {
    this.takeU32(key);
    return this.rekeyTaken(handle);
  }

  /** As `rekey`, for an endpoint. */
  rekeyEndpoint(handle: number, endpoint: EndpointWords): number {
    this.takeEndpoint(endpoint);
    return this.rekeyTaken(handle);
  }

  private getOrAdd(memory: MapMemory, init: InitializeRecord | undefined): number {
    const outcome = insertEntry(memory, hashOfKey(memory), init);
    this.created = outcome >= 0;
    return existingSlot(outcome);
  }

  private add(memory: MapMemory, init: InitializeRecord | undefined): number {
    const outcome = insertEntry(memory, hashOfKey(memory), init);
    return outcome <= EXISTS ? EXISTS : outcome;
  }

  private removeAgreed(memory: MapMemory, predicate: SlotPredicate | undefined): number {
    if (this.guard.depth > 0) return removeKey(memory, hashOfKey(memory), predicate);
    this.guard.enter();
    try {
      return removeKey(memory, hashOfKey(memory), predicate);
    } finally {
      this.guard.leave();
    }
  }

  private rekeyTaken(handle: number): number {
    this.guard.enter();
    try {
      return rekeyEntry(this.memory, handle);
    } finally {
      this.guard.leave();
    }
  }

  /** Makes a key the one that the writer's functions work on. */
  private takeU32(key: number): MapMemory {
    if (this.memory.keyWords !== 1) this.refuse(1);
    if ((key | 0) !== key && key >>> 0 !== key) refuseKey(key);
    this.memory.key[0] = key;
    return this.memory;
  }

  private takeEndpoint({ a0, a1, a2, a3, port, zone }: EndpointWords): MapMemory {
    return this.takeWords(a0, a1, a2, a3, port, zone);
  }

  private takeWords(a0: number, a1: number, a2: number, a3: number, port: number, zone: number): MapMemory {
    if (this.memory.keyWords !== 6) this.refuse(6);
    if ((port & 0xffff) !== port) refusePort(port);
    const { key } = this.memory;
    key[0] = a0;
    key[1] = a1;
    key[2] = a2;
    key[3] = a3;
    key[4] = storedPort(a0, a1, a2, port, zone);
    key[5] = zone;
    return this.memory;
  }
}

function refusePort(port: unknown): never {
  throw new ShardedMapError("ERR_SHARDED_MAP_KEY", `an endpoint's port is 0 to 65535, not ${String(port)}`);
}

function refuseKey(key: unknown): never {
  throw new ShardedMapError("ERR_SHARDED_MAP_KEY", `a key is a u32, not ${String(key)}`);
}
