import { threadId } from "node:worker_threads";
import type { Endpoint, RinfoLike } from "@udp-relay/address-validation";
import { endpointFromRinfo, IPv4SenderCache } from "@udp-relay/address-validation";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { qualityRecord } from "@udp-relay/quality-analyzer";
import { ShardedMap } from "@udp-relay/sharded-map";
import { metricsSection, recordLayout } from "./client-record.ts";
import type { ClientSnapshot } from "./client-snapshot.ts";
import { TunnelClientView } from "./client-view.ts";
import { expirySection, pendingExpiries, releaseExpiries, repairExpiries } from "./expiry-queue.ts";
import { JOIN_NO_ADDRESS } from "./join-refusal.ts";
import { membershipOf } from "./membership.ts";
import { PrefixLimit } from "./prefix-limit.ts";
import { departuresSection, noteDeparture } from "./receiver-progress.ts";
import { SlotRanking } from "./slot-ranking.ts";
import { countersSection, readCounters, type TunnelClientTableStats } from "./table-counters.ts";
import { TableExpiry } from "./table-expiry.ts";
import { OWNER_LABEL, TableMemory } from "./table-memory.ts";
import type { TunnelClientTableOptions, TunnelClientTableThreadOptions } from "./table-options.ts";
import { SETTINGS_SECTION, settingsFrom, writeSettings } from "./table-settings.ts";
import { sinceMs } from "./tick-distance.ts";
import { TunnelClientError } from "./tunnel-client-error.ts";

/** What `postMessage` and `workerData` carry to another thread; `TunnelClientTable.attach` takes it there. */
export interface TunnelClientTableHandle {
  readonly clients: RegionHandle;
  /** Of a table with `clientsPerPrefix`. */
  readonly prefixes: RegionHandle | undefined;
}

/** Words of an owner's journal: its thread's entries among the owners of the prefixes' region. */
const PREFIX_MAP_OWNER = 1;
const PREFIX_OWNER = 2;

/**
 * A relay's clients in shared memory: one record a client, found by endpoint or id, counted exactly by any number of
 * threads. Every thread has its own table over the same region: one creates, the others attach. The README says what it
 * promises.
 */
export class TunnelClientTable extends TableExpiry {
  /** For `attach` in another thread. */
  readonly shared: TunnelClientTableHandle;

  /** Made when it is needed: 256 KiB. */
  private senders: IPv4SenderCache | undefined;
  /** By slot: there are never more than slots. */
  private readonly views = new Map<number, TunnelClientView>();
  readonly #beats: NodeJS.Timeout | undefined;
  readonly #unregister: () => void;
  #disposed = false;

  private constructor(
    map: ShardedMap,
    prefixes: ShardedMap | undefined,
    options: TunnelClientTableThreadOptions,
  ) {
    const memory = new TableMemory(map, map.region.claimOwner(OWNER_LABEL));
    const { settings } = memory;
    const limit =
      prefixes === undefined ? undefined : new PrefixLimit(prefixes, settings, membershipOf(memory));
    super(memory, limit, options);
    this.shared = { clients: map.region.shared, prefixes: limit?.shared };
    if (limit !== undefined) {
      const [mapOwner, owner] = limit.ownerIds;
      poke(this.words, memory.owner.journalIndex + PREFIX_MAP_OWNER, mapOwner);
      poke(this.words, memory.owner.journalIndex + PREFIX_OWNER, owner);
    }
    this.#unregister = this.region.onOwnerDeath((index, epoch) => {
      this.#repairAfter(index, epoch);
    });
    const { clock } = options;
    if (clock === undefined) return;
    this.beat(clock.update());
    this.#beats = setInterval(
      () => {
        this.beat(clock.update());
      },
      Math.floor(settings.timeoutMs / 8),
    );
    this.#beats.unref();
  }

  /**
   * Makes a table, and this thread its first user.
   *
   * @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION; ShardedMapError and QualityError for what they check
   */
  static create(options: TunnelClientTableOptions): TunnelClientTable {
    const settings = settingsFrom(options);
    const { key = "endpoint", capacity, shards, onLongGuard, patience } = options;
    const map = ShardedMap.create({
      capacity,
      key,
      record: recordLayout(key),
      workers: settings.slots - capacity,
      batch: 1,
      shards,
      owners: settings.owners,
      repairs: 1,
      sections: [
        SETTINGS_SECTION,
        countersSection,
        metricsSection(settings.slots),
        departuresSection(settings.owners),
        expirySection(settings.expiryQueue),
        ...(settings.quality === 0 ? [] : [qualityRecord.section(settings.slots)]),
      ],
      onLongGuard,
      patience,
    });
    writeSettings(map.region, settings);
    const prefixes =
      settings.clientsPerPrefix === 0
        ? undefined
        : PrefixLimit.createMap(settings.slots, settings.owners, settings);
    return new TunnelClientTable(map, prefixes, options);
  }

  /**
   * Makes this thread a user of a table that another thread created.
   *
   * @param handle the other's `shared`, as it came by `postMessage` or `workerData`
   * @throws TunnelClientError ERR_TUNNEL_CLIENT_HANDLE; LayoutError for another version's table
   */
  static attach(
    handle: TunnelClientTableHandle,
    options: TunnelClientTableThreadOptions = {},
  ): TunnelClientTable {
    const given = handle as Partial<TunnelClientTableHandle> | null | undefined;
    if (given?.clients === undefined) {
      throw new TunnelClientError(
        "ERR_TUNNEL_CLIENT_HANDLE",
        "this is no handle of a table (clients.shared)",
      );
    }
    const { onLongGuard, patience } = options;
    // The kind of key is in the settings; the record's hash and updates are the same for both.
    const map = ShardedMap.attach(given.clients, { record: recordLayout("u32"), onLongGuard, patience });
    const prefixes =
      given.prefixes === undefined ? undefined : ShardedMap.attach(given.prefixes, { patience });
    return new TunnelClientTable(map, prefixes, options);
  }

  /**
   * The slot of a datagram's sender, which joins if it is new: `clients.fromRinfo(rinfo)` in a dgram listener.
   *
   * @param tick now, u32 ms; by default the clock's, or the last that this thread gave
   * @returns as `joinEndpoint`; JOIN_NO_ADDRESS for what no socket reports
   */
  fromRinfo(rinfo: RinfoLike, tick: number = this.now()): number {
    const senders = (this.senders ??= new IPv4SenderCache());
    // Nearly every datagram is an IPv4 client's that is here: it is found by words, without an endpoint object.
    if (senders.find(rinfo.address, rinfo.port)) {
      const found = this.map.getWords(0, 0, 0xffff, senders.word, rinfo.port, 0);
      this.created = false;
      if (found >= 0) return found;
    }
    let endpoint: Endpoint;
    try {
      endpoint = endpointFromRinfo(rinfo);
    } catch {
      this.created = false;
      return JOIN_NO_ADDRESS;
    }
    return this.joinEndpoint(endpoint, tick);
  }

  /** The view of a handle's client, always the same one; undefined once the client is gone. Concurrency: anywhere. */
  client(handle: number): TunnelClientView | undefined {
    const slot = this.map.resolve(handle);
    if (slot < 0) return undefined;
    let view = this.views.get(slot);
    if (view?.handle !== handle) this.views.set(slot, (view = new TunnelClientView(this, handle)));
    return view;
  }

  /** What is known of a handle's client now; undefined once it is gone. Concurrency: anywhere; never waits. */
  snapshotOf(handle: number, tick: number = this.now()): ClientSnapshot | undefined {
    const guard = this.enter();
    const slot = this.map.resolve(handle);
    const snapshot = slot < 0 ? undefined : this.snapshotAt(slot, tick);
    guard.leave();
    return snapshot;
  }

  /** What is known of all clients, in the order of slots. Concurrency: anywhere; one guard for all, never waits. */
  snapshot(tick: number = this.now()): ClientSnapshot[] {
    const snapshots: ClientSnapshot[] = [];
    this.map.forEach((slot) => snapshots.push(this.snapshotAt(slot, tick)));
    return snapshots;
  }

  /**
   * Removes a client; no callback is told.
   *
   * @returns whether this call removed it: false also while its shard is BUSY
   *
   * Concurrency: anywhere. Spins some 50 µs at most.
   */
  remove(handle: number): boolean {
    const guard = this.enter();
    const slot = this.map.removeHandle(handle);
    if (slot >= 0) this.forget(slot);
    guard.leave();
    return slot >= 0;
  }

  /** Calls back with each client's slot, in a guard; see `ShardedMap.forEach`. Concurrency: anywhere; no wait. */
  forEach(callback: (slot: number) => void): void {
    this.map.forEach(callback);
  }

  /** As `forEach`, best priority (lowest score) first; the first `limit` of them. Concurrency: anywhere. */
  forEachByPriority(
    callback: (slot: number, priority: number) => void,
    limit: number = this.capacity,
    tick: number = this.now(),
  ): void {
    this.#forEachRanked((slot) => this.priority(slot, tick), limit, callback);
  }

  /** As `forEach`, who sent last first; the first `limit` of them. Concurrency: anywhere. */
  forEachByActivity(
    callback: (slot: number, idleMs: number) => void,
    limit: number = this.capacity,
    tick: number = this.now(),
  ): void {
    this.#forEachRanked((slot) => sinceMs(tick, this.lastReceiveTick(slot)), limit, callback);
  }

  /** The `count` clients of best priority, best first. Concurrency: anywhere; one guard. */
  top(count: number, tick: number = this.now()): ClientSnapshot[] {
    const best: ClientSnapshot[] = [];
    this.forEachByPriority((slot) => best.push(this.snapshotAt(slot, tick)), count, tick);
    return best;
  }

  /** How many clients the endpoint's prefix has; undefined without `clientsPerPrefix`. Concurrency: anywhere. */
  prefixClients(endpoint: ClientSnapshot["endpoint"]): number | undefined {
    return this.prefixes?.count(endpoint);
  }

  /** Counters, all threads' together. Concurrency: anywhere; not one moment's picture. */
  stats(): TunnelClientTableStats {
    return readCounters(this.memory, pendingExpiries(this.memory));
  }

  /**
   * Detaches this thread; the table lives on with the others. Clients that it received last from are held back from
   * expiry for one timeout, or until `drained`. Once more has no effect; whatever needs a guard then throws.
   *
   * @throws ShardedMapError ERR_SHARDED_MAP_IN_GUARD inside a guard
   */
  [Symbol.dispose](): void {
    const { memory } = this;
    if (this.#disposed) return;
    this.map[Symbol.dispose]();
    this.#disposed = true;
    clearInterval(this.#beats);
    releaseExpiries(memory);
    noteDeparture(memory, memory.ownerId, threadId, this.now());
    this.prefixes?.[Symbol.dispose]();
    this.#unregister();
    memory.owner.release();
  }

  #forEachRanked(
    score: (slot: number) => number,
    limit: number,
    callback: (slot: number, score: number) => void,
  ): void {
    const guard = this.enter();
    try {
      const ranking = new SlotRanking(limit);
      this.map.forEach((slot) => ranking.add(slot, score(slot)));
      ranking.forEach(callback);
    } finally {
      guard.leave();
    }
  }

  /** Puts right what a dead thread of this table left. Concurrency: its taker; may run again for it. */
  #repairAfter(index: number, epoch: number): void {
    const dead = this.region.owners().find((owner) => owner.index === index && owner.epoch === epoch);
    if (dead?.label !== OWNER_LABEL) return;
    repairExpiries(this.memory, dead.id);
    const now = this.now();
    const later = ((dead.lastSeenTick - now) | 0) > 0 ? dead.lastSeenTick : now;
    noteDeparture(this.memory, dead.id, dead.threadId, later);
    const journal = this.region.ownerJournalIndex(dead.id);
    const words = [PREFIX_MAP_OWNER, PREFIX_OWNER].map((word) => peek(this.words, journal + word));
    this.prefixes?.repairAfter(words as [number, number]);
  }
}
