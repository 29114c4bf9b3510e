import type { Endpoint } from "@udp-relay/address-validation";
import { load } from "@udp-relay/atomics-layout/memory";
import { RECEIVER } from "./client-record.ts";
import { readSnapshot } from "./client-readings.ts";
import type { ClientSnapshot } from "./client-snapshot.ts";
import { Deliveries, warnOfThrown } from "./deliveries.ts";
import { Eviction, type EvictionJudge } from "./eviction.ts";
import {
  discardExpiry,
  type ExpiredClient,
  type ExpiryReason,
  offerExpiries,
  prepareExpiry,
  publishExpiry,
  readExpiry,
  takeExpiry,
  writeExpiry,
} from "./expiry-queue.ts";
import { mendLastTick } from "./future-stamp.ts";
import type { PrefixLimit } from "./prefix-limit.ts";
import { isUncounted } from "./packed-count.ts";
import { enoughSilence, holdsBack, noteDrained } from "./receiver-progress.ts";
import {
  CALLBACKS_THROWN,
  countEvent,
  EVICTED,
  EXPIRED,
  EXPIRY_OVERFLOWS,
  HELD_BACK,
  JOINED,
  REDELIVERIES,
} from "./table-counters.ts";
import { receiveLine, sendLine, type TableMemory } from "./table-memory.ts";
import { sinceMs } from "./tick-distance.ts";
import type { TunnelClientTableThreadOptions } from "./table-options.ts";
import { TableWriters } from "./table-writers.ts";
import { type Crossing, type Thresholds, Watch } from "./thresholds.ts";

/** Slots looked at within one guard of a sweep: what it removes rests until the guard ends. */
const SWEEP_STRIDE = 64;

/** How clients go: sweeps, eviction, their last snapshots, and the watch over those that stay. */
export abstract class TableExpiry extends TableWriters {
  readonly #deliveries: Deliveries;
  readonly #eviction: Eviction;
  readonly #expiryCallbacks = new Set<(client: ExpiredClient) => void>();
  readonly #watches = new Set<Watch>();
  readonly #crossings: { callback: (crossing: Crossing) => void; crossing: Crossing }[] = [];
  // What a removal under way works with; one closure serves all.
  #reason: ExpiryReason = "expired";
  #now = 0;
  #entry = -1;
  readonly #condemn = (slot: number): boolean => this.#prepare(slot);

  protected constructor(
    memory: TableMemory,
    prefixes: PrefixLimit | undefined,
    options: TunnelClientTableThreadOptions,
  ) {
    super(memory, prefixes, options);
    this.#eviction = new Eviction(this.#judge());
    this.#deliveries = new Deliveries((error, thrown) => {
      countEvent(memory, CALLBACKS_THROWN, thrown);
      (options.onError ?? warnOfThrown)(error, thrown);
    });
  }

  /**
   * Looks at the next `budget` slots, from where this thread's last sweep ended: removes the clients that have timed out,
   * and looks at the thresholds of the others. Afterwards, outside its guards, it runs the callbacks. It beats, too.
   *
   * @param tick now, u32 ms
   * @returns how many clients it removed
   *
   * Concurrency: any number of threads. Clients whose shard is BUSY, or whose receiver is behind, wait for the next sweep.
   */
  sweep(tick: number, budget: number): number {
    const now = this.tick.of(tick);
    let removed = 0;
    const look = (slot: number): boolean => {
      if (this.#isExpirable(slot, now)) {
        if (this.#remove(this.handle(slot), "expired", now)) removed++;
      } else this.#watch(slot, now);
      return false;
    };
    for (let left = Math.min(budget, this.memory.settings.slots); left > 0; left -= SWEEP_STRIDE) {
      this.map.sweep(look, Math.min(left, SWEEP_STRIDE));
    }
    this.tableGuard.pending = true;
    const guard = this.enter();
    guard.leave();
    return removed;
  }

  /**
   * Tells of each client that expired or was evicted, with its last snapshot: exactly once, unless a thread dies in the
   * callback; then again, marked `redelivered`. Runs after the guard's end, in the thread that removed the client if that
   * thread has a callback; else in any that has, when it next sweeps. What a full queue could not take is counted only.
   *
   * @returns a function that takes the callback back; with the last one, what waits here is left to other threads
   */
  onExpire(callback: (client: ExpiredClient) => void): () => void {
    this.#expiryCallbacks.add(callback);
    return () => {
      if (!this.#expiryCallbacks.delete(callback) || this.#expiryCallbacks.size > 0) return;
      offerExpiries(this.memory);
    };
  }

  /**
   * Tells of each client that crosses a threshold, and of its way back. This thread's sweeps look, and call back after
   * their guards: `clients.watch({ lossPerMille: { enter: 50, leave: 20, forMs: 2_000 } }, onLossy)`. Clients that leave
   * the table cross nothing; `onExpire` tells of them. Who is beyond a threshold is the thread's own knowledge: where
   * several threads sweep and watch, each tells for itself.
   *
   * @returns a function that ends the watch
   * @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION
   */
  watch(thresholds: Thresholds, callback: (crossing: Crossing) => void): () => void {
    const watch = new Watch(thresholds, callback);
    this.#watches.add(watch);
    return () => void this.#watches.delete(watch);
  }

  /**
   * Shows that this thread keeps up: that it has received what was sent to it up to now. Whoever receives should beat at
   * least each eighth of the timeout, idle or not; with a clock the table does. Packets, joins and sweeps beat, too.
   *
   * Concurrency: the thread; at most one atomic store.
   */
  beat(tick: number): void {
    this.tick.of(tick);
  }

  /**
   * Says that the datagrams were read that a departed thread had left in its queue: its clients may time out from now on.
   * Without it they may one timeout after it went.
   *
   * @param threadId the departed worker's `threadId`; all departed by default
   * @param silenceMs how long such a client has to be silent, 1 ms to the timeout, which is the default: what the departed
   *   kept for its clients is gone, and nobody else has received from them since
   *
   * Concurrency: any thread; never waits.
   */
  drained(threadId?: number, silenceMs?: number): void {
    const { owners, timeoutMs } = this.memory.settings;
    noteDrained(this.memory, owners, threadId, Math.max(1, Math.min(timeoutMs, silenceMs ?? timeoutMs)) | 0);
  }

  /** What is known of a slot's client. Allocates. Concurrency: in a guard; never waits. */
  protected snapshotAt(slot: number, now: number): ClientSnapshot {
    const { memory, map } = this;
    const id = memory.settings.keyWords === 1 ? map.keyOf(slot) : undefined;
    return readSnapshot(memory, slot, map.handle(slot), id, this.endpoint(slot), now);
  }

  /** The client is gone: whatever names it elsewhere goes, too. */
  protected forget(slot: number): void {
    this.prefixes?.leave(slot, this.generation(slot), this.endpoint(slot));
  }

  protected override makeRoom(now: number): boolean {
    return this.#eviction.makeRoom(now);
  }

  protected override noteJoin(slot: number, now: number): void {
    countEvent(this.memory, JOINED);
    this.#eviction.joined(this.handle(slot), now);
  }

  protected override makeRoomInPrefix(endpoint: Endpoint, now: number): boolean {
    return this.prefixes!.some(
      endpoint,
      (slot) => this.#isExpirable(slot, now) && this.#remove(this.handle(slot), "expired", now),
    );
  }

  #judge(): EvictionJudge {
    const { memory } = this;
    const { slots, timeoutMs } = memory.settings;
    return {
      slots,
      timeoutMs,
      joined: () => load(this.words, memory.countersAt + JOINED) >>> 0,
      isLive: (slot) => this.resolve(this.handle(slot)) >= 0,
      handle: (slot) => this.handle(slot),
      resolve: (handle) => this.resolve(handle),
      lastReceiveTick: (slot) => this.lastReceiveTick(slot),
      isUnpaired: (slot) => this.#isUnpaired(slot),
      remove: (handle, reason, now) => this.#remove(handle, reason, now),
    };
  }

  /** Timed out, and nothing of it can be queued. */
  #isExpirable(slot: number, now: number): boolean {
    const receiver = load(this.words, receiveLine(this.memory, slot) + RECEIVER);
    if (!this.isTimedOut(slot, now)) {
      mendLastTick(this.memory, receiveLine(this.memory, slot), now);
      return sinceMs(now, this.lastReceiveTick(slot)) >= enoughSilence(this.memory, receiver);
    }
    if (!holdsBack(this.memory, receiver, now)) return true;
    countEvent(this.memory, HELD_BACK);
    return false;
  }

  /** Nothing was ever forwarded to it, whatever was reset since. */
  #isUnpaired(slot: number): boolean {
    return isUncounted(this.memory, sendLine(this.memory, slot));
  }

  #remove(handle: number, reason: ExpiryReason, now: number): boolean {
    const { memory } = this;
    this.#reason = reason;
    this.#now = now;
    this.#entry = -1;
    const guard = this.map.enter();
    const slot = this.map.removeHandle(handle, this.#condemn);
    const removed = slot >= 0;
    if (removed) {
      countEvent(memory, reason === "expired" ? EXPIRED : EVICTED);
      if (this.#entry < 0) countEvent(memory, EXPIRY_OVERFLOWS);
      else this.#publish(slot);
      this.forget(slot);
    } else if (this.#entry >= 0) discardExpiry(memory, this.#entry);
    guard.leave();
    return removed;
  }

  /** Concurrency: the holder of the client's shard's lock, after which it goes. */
  #prepare(slot: number): boolean {
    const holds = this.#reason === "expired" ? this.#isExpirable(slot, this.#now) : this.#isUnpaired(slot);
    if (!holds) return false;
    this.#entry = prepareExpiry(this.memory, this.handle(slot));
    if (this.#entry >= 0) {
      writeExpiry(this.memory, this.#entry, this.snapshotAt(slot, this.#now), this.#reason);
    }
    return true;
  }

  /** The last datagrams may have been counted between the preparation and the end. */
  #publish(slot: number): void {
    const mine = this.#expiryCallbacks.size > 0;
    writeExpiry(this.memory, this.#entry, this.snapshotAt(slot, this.#now), this.#reason);
    publishExpiry(this.memory, this.#entry, mine ? this.memory.ownerId : 0);
    this.tableGuard.pending ||= mine;
  }

  #watch(slot: number, now: number): void {
    if (this.hasQuality) this.#takeQuality(slot);
    if (this.#watches.size === 0) return;
    const snapshot = this.snapshotAt(slot, now);
    for (const watch of this.#watches) {
      const { callback } = watch;
      for (const crossing of watch.look(slot, snapshot, now)) this.#crossings.push({ callback, crossing });
    }
  }

  /** What the quality record measured becomes the client's latency, loss and jitter. */
  #takeQuality(slot: number): void {
    const readings = this.quality(slot).read();
    if (readings === undefined) return;
    const { lossPerMille, jitterMs, rttMs } = readings;
    if (lossPerMille !== undefined) this.setLossPerMille(slot, lossPerMille);
    if (jitterMs !== undefined) this.setJitter(slot, jitterMs);
    if (rttMs !== undefined) this.setLatency(slot, rttMs);
  }

  /** Runs the callbacks that wait. Concurrency: the thread, outside of guards. */
  protected override afterGuard(): void {
    this.#deliveries.batch((safely) => {
      this.tableGuard.pending = false;
      for (const { callback, crossing } of this.#crossings.splice(0)) safely(() => callback(crossing));
      if (this.#expiryCallbacks.size > 0) this.#deliverExpiries(safely);
    });
  }

  #deliverExpiries(safely: (callback: () => void) => void): void {
    const { memory } = this;
    // A callback may be the last to end itself: the rest is for others then.
    const next = (from: number): number => (this.#expiryCallbacks.size > 0 ? takeExpiry(memory, from) : -1);
    for (let entry = next(0); entry >= 0; entry = next(entry + 1)) {
      const client = readExpiry(memory, entry);
      if (client.redelivered) countEvent(memory, REDELIVERIES);
      for (const callback of this.#expiryCallbacks) safely(() => callback(client));
      discardExpiry(memory, entry);
    }
  }
}
