import type { Endpoint } from "@udp-relay/address-validation";
import type { Region } from "@udp-relay/atomics-layout";
import { load, peek } from "@udp-relay/atomics-layout/memory";
import type { Words } from "@udp-relay/atomics-layout/memory";
import { SharedQuality } from "@udp-relay/quality-analyzer";
import type { ShardedMap } from "@udp-relay/sharded-map";
import type { Clock } from "@udp-relay/clock";
import { lastPriority, priorityOf } from "./client-metrics.ts";
import { LAST_TICK } from "./client-record.ts";
import { isAtEndpoint, readEndpoint } from "./endpoint-copies.ts";
import { classOfPriority, INITIAL_PRIORITY } from "./priority-score.ts";
import type { PrefixLimit } from "./prefix-limit.ts";
import { TableGuard } from "./table-guard.ts";
import { generationOfHandle, receiveLine, type TableMemory } from "./table-memory.ts";
import type { TunnelClientTableThreadOptions } from "./table-options.ts";
import { qualityOptions } from "./table-settings.ts";
import { ThreadTick } from "./thread-tick.ts";
import { sinceMs } from "./tick-distance.ts";
import { TunnelClientError } from "./tunnel-client-error.ts";

/** Records of less than 256 KiB are in the second-level cache if they are used much: nothing need be fetched. */
const CACHED_WORDS = 65_536;

/** The reading half of a table: guards, lookups, handles, what a packet needs to know of a client. */
export abstract class TableLookups {
  readonly capacity: number;
  readonly timeoutMs: number;
  readonly region: Region;
  /** This thread's owner in the region, for words of one's own that name who holds them (`region.isOwnerAlive`). */
  readonly ownerId: number;

  protected readonly memory: TableMemory;
  protected readonly prefixes: PrefixLimit | undefined;
  protected readonly map: ShardedMap;
  protected readonly words: Words;
  protected readonly tick: ThreadTick;
  protected readonly tableGuard: TableGuard;
  protected readonly clock: Clock | undefined;
  protected readonly slots: number;
  /** What nobody needs: a read whose result is kept is not left out. */
  protected lastRead = 0;
  readonly #quality: SharedQuality | undefined;
  /** This thread's endpoint objects by slot; one is used again while the slot's words are the same. */
  readonly #endpoints: (Endpoint | undefined)[] = [];
  readonly #hasIds: boolean;

  protected constructor(
    memory: TableMemory,
    prefixes: PrefixLimit | undefined,
    options: TunnelClientTableThreadOptions,
  ) {
    const { map, settings } = memory;
    this.memory = memory;
    this.prefixes = prefixes;
    this.tableGuard = new TableGuard(map, () => this.afterGuard());
    this.map = map;
    this.words = memory.words;
    this.region = memory.region;
    this.ownerId = memory.ownerId;
    this.capacity = map.capacity;
    this.timeoutMs = settings.timeoutMs;
    this.slots = settings.slots;
    this.clock = options.clock;
    this.tick = new ThreadTick(memory, options.clock);
    this.#hasIds = settings.keyWords === 1;
    this.#quality =
      settings.quality === 0
        ? undefined
        : new SharedQuality(memory.region, memory.owner, qualityOptions(settings));
  }

  /** Clients, and joins in progress: never above the capacity. Concurrency: anywhere; one atomic read. */
  get size(): number {
    return this.map.size;
  }

  /**
   * Enters a guard: `using guard = clients.enter()`, once a batch. Slot numbers are good until it ends; never across an
   * `await`. Concurrency: publishes an epoch and fences; no wait.
   */
  enter(): TableGuard {
    this.map.enter();
    return this.tableGuard;
  }

  /**
   * The slot of the client with that id, or -1.
   *
   * @throws ShardedMapError ERR_SHARDED_MAP_KEY_KIND, ERR_SHARDED_MAP_NO_GUARD
   *
   * Concurrency: in a guard; plain reads.
   */
  find(id: number): number {
    return this.map.get(id);
  }

  /** The slot of the client of that endpoint, or -1; in a table whose keys are endpoints. Otherwise as `find`. */
  findEndpoint(endpoint: Endpoint): number {
    return this.map.getEndpoint(endpoint);
  }

  /**
   * `find` for a whole batch: writes the slots of the first `count` ids, -1 where there is none, to `slots`.
   *
   * One after the other, each client's memory is waited for, because no read overtakes the locked additions that count
   * the datagram before. Here the reads of a batch overlap, and what `received` is about to change comes along: in tables
   * that the caches cannot hold, a datagram costs half as much; in small ones it saves nothing by itself (`receivedBatch` does). Somebody may
   * join or leave after the lookup: his slot is good until the guard ends all the same, and a -1 calls for `join`, which
   * looks again.
   *
   * Concurrency: as `find`; allocates nothing.
   */
  findBatch(ids: ArrayLike<number>, slots: Int32Array, count: number): void {
    const { map } = this;
    for (let i = 0; i < count; i++) slots[i] = map.get(ids[i]!);
    this.#fetchLines(slots, count);
  }

  /** As `findBatch`, in a table whose keys are endpoints. */
  findEndpointBatch(endpoints: ArrayLike<Endpoint>, slots: Int32Array, count: number): void {
    const { map } = this;
    for (let i = 0; i < count; i++) slots[i] = map.getEndpoint(endpoints[i]!);
    this.#fetchLines(slots, count);
  }

  #fetchLines(slots: Int32Array, count: number): void {
    const { words } = this;
    const { linesAt, recordWords, settings } = this.memory;
    if (settings.slots * recordWords < CACHED_WORDS) return;
    let read = 0;
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!;
      if (slot >= 0) read |= peek(words, linesAt + slot * recordWords + LAST_TICK);
    }
    this.lastRead = read;
  }

  /** Whether the client is reached at that endpoint. Concurrency: in a guard; one atomic read. */
  isFrom(slot: number, endpoint: Endpoint): boolean {
    if (this.#hasIds) return isAtEndpoint(this.memory, slot, endpoint);
    return this.map.isEndpointOf(slot, endpoint);
  }

  /**
   * Where the client is reached. The same object is returned for as long as its endpoint is the same: of a client that
   * joined by this thread the one it joined with, if that is frozen.
   *
   * Concurrency: in a guard; plain reads. Allocates when the endpoint is new to this thread.
   */
  endpoint(slot: number): Endpoint {
    const cached = this.#endpoints[slot];
    if (cached !== undefined && this.isFrom(slot, cached)) return cached;
    const fresh = readEndpoint(this.memory, slot);
    this.keepEndpoint(slot, fresh);
    return fresh;
  }

  /** `endpoint` gives that object while its words are the client's. */
  protected keepEndpoint(slot: number, endpoint: Endpoint): void {
    while (this.#endpoints.length <= slot) this.#endpoints.push(undefined);
    this.#endpoints[slot] = endpoint;
  }

  /** The id of a slot's client, in a table whose keys are ids. Concurrency: in a guard; one plain read. */
  id(slot: number): number {
    if (!this.#hasIds) this.refuseKind("endpoints", "ids");
    return this.map.keyOf(slot);
  }

  /** A number that names the client for good, also once it is gone; below 2^52, never 0. Concurrency: in a guard. */
  handle(slot: number): number {
    return this.map.handle(slot);
  }

  /** The slot of a handle's client, or -1 once it is gone. Concurrency: in a guard; one atomic read. */
  resolve(handle: number): number {
    return this.map.resolve(handle);
  }

  /** The tick of the last datagram from the client. Concurrency: in a guard; one atomic read. */
  lastReceiveTick(slot: number): number {
    return load(this.words, receiveLine(this.memory, slot) + LAST_TICK) >>> 0;
  }

  /** Whether the client has been silent for the timeout. Concurrency: in a guard; one atomic read. */
  isTimedOut(slot: number, tick: number): boolean {
    return sinceMs(tick, this.lastReceiveTick(slot)) >= this.timeoutMs;
  }

  /**
   * The client's score, 0..65,535, lower is better; see `priorityScore`. Of a slot that is none, that of a newcomer.
   *
   * Concurrency: in a guard; never waits.
   */
  priority(slot: number, tick: number = this.now()): number {
    return this.isSlot(slot) ? priorityOf(this.memory, slot, tick) : INITIAL_PRIORITY;
  }

  /**
   * The class of the client's last computed score, 0 (served first) to 7. A score that nobody has asked for since the
   * inputs changed is old: ask for `priority` now and then, a sweep does.
   *
   * Concurrency: in a guard; one plain read.
   */
  priorityClass(slot: number): number {
    return classOfPriority(lastPriority(this.memory, slot));
  }

  /**
   * The client's quality record, as this thread's one view of them: use it before the next call.
   *
   * @throws TunnelClientError ERR_TUNNEL_CLIENT_NO_QUALITY
   *
   * Concurrency: in a guard; recording and reading never wait.
   */
  quality(slot: number): SharedQuality {
    if (this.#quality !== undefined) return this.#quality.at(slot);
    throw new TunnelClientError("ERR_TUNNEL_CLIENT_NO_QUALITY", "the table was created without `quality`");
  }

  get hasQuality(): boolean {
    return this.#quality !== undefined;
  }

  /** The clock's tick if this thread gave a clock, else the last tick that it gave. */
  protected now(): number {
    return this.clock === undefined ? this.tick.trusted : this.clock.recentMs();
  }

  /** A refusal of `join` is none: what would write to it writes nothing. */
  protected isSlot(slot: number): boolean {
    return slot >= 0 && slot < this.slots;
  }

  /** What waits for the end of the outermost guard. */
  protected abstract afterGuard(): void;

  /** Of the client that has the slot, or had it last. */
  protected generation(slot: number): number {
    return generationOfHandle(this.map.handle(slot));
  }

  protected refuseKind(keys: string, given: string): never {
    throw new TunnelClientError("ERR_TUNNEL_CLIENT_KEY_KIND", `this table's keys are ${keys}, not ${given}`);
  }
}
