import { createRegion } from "@udp-relay/atomics-layout";
import type { Region, RegionHandle } from "@udp-relay/atomics-layout";
import { load } from "@udp-relay/atomics-layout/memory";
import { attachToMap } from "./attach-map.ts";
import { GuardWatch } from "./guard-watch.ts";
import { clearGuard, hasPassed, openGuards, retire } from "./guards.ts";
import { isEntry } from "./identity.ts";
import { unlockShard } from "./lock-word.ts";
import { initializeMap, LOCK, shardAt } from "./map-memory.ts";
import { requireLayout, shapeFromOptions } from "./map-options.ts";
import type { EndpointWords, ShardedMapOptions, ShardedMapThreadOptions } from "./map-options.ts";
import { mapHash, planMap } from "./map-plan.ts";
import { readStats } from "./map-stats.ts";
import type { ShardedMapStats } from "./map-stats.ts";
import { MapWriters } from "./map-writers.ts";
import { probeLengths } from "./probe-lengths.ts";
import type { ProbeLengths } from "./probe-lengths.ts";
import { ShardedMapError } from "./sharded-map-error.ts";
import type { SlotPredicate } from "./remove-entry.ts";
import { takeOver } from "./shard-lock.ts";
import { Sidecar } from "./sidecar.ts";
import { ticketsOut } from "./tickets.ts";

const NO_UPDATES: readonly never[] = [];

/**
 * A map in shared memory from u32 or endpoint keys to the slots of a slab of records. Every thread has its own instance
 * over the same region: one creates, the others attach. The README says what it promises, PROTOCOL.md why that holds.
 */
export class ShardedMap extends MapWriters {
  private readonly watch: GuardWatch;
  private readonly unregister: () => void;
  private cursor = 0;

  private constructor(region: Region, options: ShardedMapThreadOptions) {
    super(region, options);
    this.watch = new GuardWatch(this.memory, options.onLongGuard);
    this.unregister = region.onOwnerDeath((index) => {
      this.repairAfter(index);
    });
    openGuards(this.memory, this.owner.index);
  }

  /**
   * Makes a map, and this thread its first user.
   *
   * @throws ShardedMapError ERR_SHARDED_MAP_OPTION
   */
  static create(options: ShardedMapOptions): ShardedMap {
    const { record, sections = [], repairs = 0 } = options;
    const updates = record?.updates ?? NO_UPDATES;
    const shape = shapeFromOptions(options);
    const plan = planMap(shape, mapHash(record), record?.lineBytes ?? 64, updates, sections);
    const map = new ShardedMap(createRegion({ ...plan, repairs: 1 + repairs }), options);
    initializeMap(map.memory);
    return map;
  }

  /**
   * Makes this thread a user of a map that another thread created.
   *
   * @param handle the other's `shared`, as it came by `postMessage` or `workerData`
   * @param options the `record` that the map was created with, if it was
   * @throws LayoutError ERR_REGION_LAYOUT for another record layout or a region that is no map; and what `attachRegion`
   * throws; ShardedMapError ERR_SHARDED_MAP_OPTION for a `record` that is no layout
   */
  static attach(handle: RegionHandle, options: ShardedMapThreadOptions = {}): ShardedMap {
    const { record } = options;
    requireLayout(record);
    return new ShardedMap(attachToMap(handle, record), options);
  }

  /**
   * What another thread attaches with: send it by `postMessage` or as `workerData`. (`handle(slot)` names an entry, this
   * the whole map.)
   *
   * Concurrency: anywhere; the same object at every read.
   */
  get shared(): RegionHandle {
    return this.region.shared;
  }

  /**
   * Entries, and inserts in progress: exact when quiet, never outside 0..capacity. Concurrency: anywhere; one atomic read.
   */
  get size(): number {
    return ticketsOut(this.memory);
  }

  /** This thread's entry in `region.owners()`. */
  get ownerId(): number {
    return this.owner.id;
  }

  /** Whether an insert of a new key would be refused now. Concurrency: as `size`. */
  get isFull(): boolean {
    return this.size >= this.capacity;
  }

  /**
   * Calls back with the slot of each entry, in the order of slots, within one guard. Every entry that lives all the while
   * is seen exactly once; one that comes or goes meanwhile may be seen or not; none is seen twice, and none before its
   * record is complete. (A key that is removed and inserted again meanwhile names two entries: both may be seen.)
   *
   * Concurrency: anywhere; plain reads, no wait.
   */
  forEach(callback: (slot: number) => void): void {
    this.guard.enter();
    try {
      for (let slot = 0; slot < this.memory.shape.slots; slot++) {
        if (isEntry(this.memory, slot)) callback(slot);
      }
    } finally {
      this.guard.leave();
    }
  }

  /**
   * The entries' keys and handles, as `forEach` sees them. Each step has a guard of its own, so that it may span an
   * `await`; `resolve` the handle when you need the slot.
   */
  *entries(): Generator<[key: number | EndpointWords, handle: number], void, undefined> {
    for (let slot = 0; slot < this.memory.shape.slots; slot++) {
      const entry = this.entryIn(slot);
      if (entry !== undefined) yield entry;
    }
  }

  /**
   * Looks at the next `budget` slots, from where this thread's last sweep ended, and removes the entries that the
   * predicate picks. It is asked twice: once without the lock, and again under it before the entry goes.
   *
   * @param removed called with the slot of each removed entry, whose record can still be read
   * @returns how many were removed
   *
   * Concurrency: anywhere; entries of a shard that is BUSY are left for the next round. Reports long guards.
   */
  sweep(predicate: SlotPredicate, budget: number, removed?: (slot: number) => void): number {
    this.watch.look(performance.now());
    let count = 0;
    this.guard.enter();
    try {
      const { slots } = this.memory.shape;
      for (let n = Math.min(budget, slots); n > 0; n--) {
        const slot = this.cursor;
        this.cursor = slot + 1 < slots ? slot + 1 : 0;
        if (!isEntry(this.memory, slot) || !predicate(slot)) continue;
        if (this.removeHandle(this.handle(slot), predicate) < 0) continue;
        count++;
        removed?.(slot);
      }
    } finally {
      this.guard.leave();
    }
    return count;
  }

  /** Removes the entries that `forEach` would see; returns how many. Concurrency: anywhere; as `sweep`. */
  clear(): number {
    let count = 0;
    this.forEach((slot) => {
      if (this.removeHandle(this.handle(slot)) >= 0) count++;
    });
    return count;
  }

  /** Counters, all threads' together. Concurrency: anywhere; not one moment's picture. */
  stats(): ShardedMapStats {
    return readStats(this.memory, this.watch.longGuards);
  }

  /**
   * A stamp for something of your own beside the entries that readers find in their guards and that was just replaced:
   * keep it with the old thing, and write there again only once `hasPassed(stamp)`.
   *
   * Concurrency: any thread; everything it wrote before is visible to guards that begin later. One atomic addition.
   */
  retire(): number {
    return retire(this.memory);
  }

  /**
   * Whether every guard has ended in which the thing retired with this stamp could have been found.
   *
   * Concurrency: any thread, a guard of its own counts too; reads one word an attached thread.
   */
  hasPassed(stamp: number): boolean {
    return hasPassed(this.memory, stamp);
  }

  /** How many cells lookups pass through now. Concurrency: anywhere; walks the whole index. */
  probeLengths(): ProbeLengths {
    this.guard.enter();
    try {
      return probeLengths(this.memory);
    } finally {
      this.guard.leave();
    }
  }

  /** A JavaScript value for each entry, private to this thread. */
  sidecar<T>(): Sidecar<T> {
    return new Sidecar<T>(this.memory);
  }

  /**
   * Detaches this thread. The map lives on with the others; here counters can be read, and whatever needs a guard throws
   * ERR_SHARDED_MAP_DISPOSED.
   *
   * @throws ShardedMapError ERR_SHARDED_MAP_IN_GUARD inside a guard
   */
  [Symbol.dispose](): void {
    if (this.guard.depth > 0) {
      throw new ShardedMapError("ERR_SHARDED_MAP_IN_GUARD", "leave the guard before the map is disposed");
    }
    this.guard.close();
    this.unregister();
    this.owner.release();
  }

  private entryIn(slot: number): [key: number | EndpointWords, handle: number] | undefined {
    this.guard.enter();
    try {
      if (!isEntry(this.memory, slot)) return undefined;
      return [this.memory.keyWords === 1 ? this.keyOf(slot) : this.endpointOf(slot), this.handle(slot)];
    } finally {
      this.guard.leave();
    }
  }

  /** Puts right what a dead owner left: its shards, and its guard. Concurrency: its taker; may run again for it. */
  private repairAfter(ownerIndex: number): void {
    const { memory } = this;
    for (let shard = 0; shard < memory.shape.shards; shard++) {
      const holder = load(memory.words, shardAt(memory, shard) + LOCK);
      if (holder === 0 || this.region.isOwnerAlive(holder)) continue;
      if (takeOver(memory, shard, holder)) unlockShard(memory, shard);
    }
    clearGuard(memory, ownerIndex);
  }
}
