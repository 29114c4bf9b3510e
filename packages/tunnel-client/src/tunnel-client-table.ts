import type { RegionHandle } from "@udp-relay/atomics-layout";
import { qualityRecord } from "@udp-relay/quality-analyzer";
import { ShardedMap } from "@udp-relay/sharded-map";
import { metricsSection, recordLayout } from "./client-record.ts";
import { readSnapshot } from "./client-readings.ts";
import type { ClientSnapshot } from "./client-snapshot.ts";
import { TunnelClientView } from "./client-view.ts";
import { TableMemory } from "./table-memory.ts";
import type { TunnelClientTableOptions, TunnelClientTableThreadOptions } from "./table-options.ts";
import { SETTINGS_SECTION, settingsFrom, writeSettings } from "./table-settings.ts";
import { TableWriters } from "./table-writers.ts";

/** What `postMessage` and `workerData` carry to another thread; `TunnelClientTable.attach` takes it there. */
export type TunnelClientTableHandle = RegionHandle;

/** A relay's clients in shared memory: every thread has its own table over the same region. */
export class TunnelClientTable extends TableWriters {
  readonly #views = new Map<number, TunnelClientView>();

  private constructor(map: ShardedMap, options: TunnelClientTableThreadOptions) {
    super(new TableMemory(map, map.region.claimOwner("tunnel-client")), options);
  }

  /**
   * Makes a table, and this thread its first user.
   *
   * @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION; ShardedMapError and QualityError for what they check
   */
  static create(options: TunnelClientTableOptions): TunnelClientTable {
    const settings = settingsFrom(options);
    const { key = "endpoint", capacity, shards, owners, onLongGuard, patience } = options;
    const map = ShardedMap.create({
      capacity,
      key,
      record: recordLayout(key),
      workers: settings.slots - capacity,
      batch: 1,
      shards,
      owners,
      sections: [
        SETTINGS_SECTION,
        metricsSection(settings.slots),
        ...(settings.quality === 0 ? [] : [qualityRecord.section(settings.slots)]),
      ],
      onLongGuard,
      patience,
    });
    writeSettings(map.region, settings);
    return new TunnelClientTable(map, options);
  }

  /**
   * Makes this thread a user of a table that another thread created.
   *
   * @param handle the other table's `handleToShare`
   * @throws LayoutError if it is none, or another version's
   */
  static attach(
    handle: TunnelClientTableHandle,
    options: TunnelClientTableThreadOptions = {},
  ): TunnelClientTable {
    const { onLongGuard, patience } = options;
    const record = recordLayout("u32");
    return new TunnelClientTable(ShardedMap.attach(handle, { record, onLongGuard, patience }), options);
  }

  /** For `attach` in another thread. */
  get shared(): TunnelClientTableHandle {
    return this.region.handle;
  }

  /** The view of a handle's client, always the same one; undefined once the client is gone. Concurrency: anywhere. */
  client(handle: number): TunnelClientView | undefined {
    if (this.map.resolve(handle) < 0) {
      this.#views.delete(handle);
      return undefined;
    }
    let view = this.#views.get(handle);
    if (view === undefined) this.#views.set(handle, (view = new TunnelClientView(this, handle)));
    return view;
  }

  /** What is known of a handle's client now; undefined once it is gone. Concurrency: anywhere; never waits. */
  snapshotOf(handle: number, tick: number = this.now()): ClientSnapshot | undefined {
    using _guard = this.enter();
    const slot = this.map.resolve(handle);
    return slot < 0 ? undefined : this.#snapshotAt(slot, handle, tick);
  }

  /** What is known of all clients, in the order of slots. Concurrency: anywhere; one guard. */
  snapshot(tick: number = this.now()): ClientSnapshot[] {
    const snapshots: ClientSnapshot[] = [];
    this.map.forEach((slot) => snapshots.push(this.#snapshotAt(slot, this.map.handle(slot), tick)));
    return snapshots;
  }

  #snapshotAt(slot: number, handle: number, tick: number): ClientSnapshot {
    const { memory } = this;
    const id = memory.settings.keyWords === 1 ? this.map.keyOf(slot) : undefined;
    return readSnapshot(memory, slot, handle, id, this.endpoint(slot), tick);
  }

  /** Removes a client. Returns whether this call did. Concurrency: anywhere; false also while its shard is BUSY. */
  remove(handle: number): boolean {
    return this.map.removeHandle(handle) >= 0;
  }

  /**
   * Looks at the next `budget` slots and removes the clients that have timed out.
   *
   * @returns how many
   */
  sweep(tick: number, budget: number): number {
    const now = this.tick.of(tick);
    return this.map.sweep((slot) => this.isTimedOut(slot, now), budget);
  }

  forEach(callback: (slot: number) => void): void {
    this.map.forEach(callback);
  }

  [Symbol.dispose](): void {
    this.map[Symbol.dispose]();
    this.memory.owner.release();
  }
}
