import type { Endpoint } from "@udp-relay/address-validation";
import { poke } from "@udp-relay/atomics-layout/memory";
import { ABSENT, FULL } from "@udp-relay/sharded-map";
import { writeMeasured } from "./client-metrics.ts";
import {
  CLAIM,
  JITTER,
  LAST_TICK,
  LATENCY,
  LOSS,
  METRICS_WORDS,
  RATE,
  RECEIVER,
  START_0,
} from "./client-record.ts";
import { resetTotals } from "./client-totals.ts";
import { rebindEndpoint, writeFirstEndpoint } from "./endpoint-copies.ts";
import { JOIN_BUSY, JOIN_FULL, JOIN_GONE, JOIN_PREFIX_FULL, JOIN_RESTING } from "./join-refusal.ts";
import { countEvent, JOIN_REFUSED, PREFIX_FULL, REBIND_BUSY } from "./table-counters.ts";
import { metricsOf, receiveLine, sendLine } from "./table-memory.ts";
import { TableTraffic } from "./table-traffic.ts";

/** How a table changes: clients join and rebind, measurements come in. */
export abstract class TableWriters extends TableTraffic {
  /** Whether the last `join`, `joinEndpoint` or `fromRinfo` of this thread made the client it returned. */
  created = false;

  // What the initialisation of a record works with; one closure serves all joins.
  #joiningTick = 0;
  #joining: Endpoint | undefined;
  #prefixRefusal: number = JOIN_BUSY;
  readonly #initialize = (slot: number): void => {
    this.#begin(slot, this.#joiningTick, this.#joining!);
  };

  /**
   * The slot of the client with that id; if there is none it joins, from that endpoint.
   *
   * @param tick now, u32 ms
   * @returns the slot, or why not: JOIN_FULL, JOIN_PREFIX_FULL, JOIN_RESTING, JOIN_BUSY
   *
   * Concurrency: in a guard. One client an id however many threads race. Spins some 50 µs at most, then JOIN_BUSY.
   */
  join(id: number, endpoint: Endpoint, tick: number): number {
    const found = this.map.get(id);
    this.created = false;
    return found >= 0 ? found : this.#admit(id, endpoint, this.tick.of(tick));
  }

  /** As `join`, in a table whose keys are endpoints. */
  joinEndpoint(endpoint: Endpoint, tick: number): number {
    const found = this.map.getEndpoint(endpoint);
    this.created = false;
    return found >= 0 ? found : this.#admit(0, endpoint, this.tick.of(tick));
  }

  #admit(id: number, endpoint: Endpoint, now: number): number {
    const { prefixes } = this;
    if (prefixes !== undefined && prefixes.isFull(endpoint) && !this.makeRoomInPrefix(endpoint, now)) {
      return this.#refused(JOIN_PREFIX_FULL);
    }
    this.#joining = endpoint;
    this.#joiningTick = now;
    let slot = this.#insert(id, endpoint);
    // Where slots rest, somebody's leaving would not help: its slot would rest, too.
    if (slot === FULL && this.map.isFull && this.makeRoom(now)) slot = this.#insert(id, endpoint);
    this.created = this.map.created;
    if (this.created) {
      // The object that the transport knows the sender by: forwarding to him then waits for no other one.
      if (Object.isFrozen(endpoint)) this.keepEndpoint(slot, endpoint);
      this.noteJoin(slot, now);
    }
    if (slot >= 0) return slot;
    return this.#refused(slot === FULL && !this.map.isFull ? JOIN_RESTING : slot);
  }

  #insert(id: number, endpoint: Endpoint): number {
    const byId = this.memory.settings.keyWords === 1;
    if (this.prefixes === undefined) {
      return byId
        ? this.map.getOrInsert(id, this.#initialize)
        : this.map.getOrInsertEndpoint(endpoint, this.#initialize);
    }
    try {
      const slot = byId
        ? this.map.getOrInsert(id, this.#initialize)
        : this.map.getOrInsertEndpoint(endpoint, this.#initialize);
      this.prefixes.settle();
      return slot;
    } catch (error) {
      if (error === refusedByPrefix) return this.#prefixRefusal;
      throw error;
    }
  }

  #refused(code: number): number {
    const counter =
      code === JOIN_PREFIX_FULL
        ? PREFIX_FULL
        : code === JOIN_FULL || code === JOIN_RESTING
          ? JOIN_REFUSED
          : -1;
    if (counter >= 0) countEvent(this.memory, counter);
    return code;
  }

  /**
   * Lets a client be reached at another endpoint from now on; its statistics go on. In a table whose keys are ids, and
   * only once the caller has decided that this may be: anybody can send anybody's id.
   *
   * @returns 0, JOIN_PREFIX_FULL, JOIN_GONE (no slot), or JOIN_BUSY: it has been rebound a moment ago, or is being so; drop
   * the datagram
   *
   * Concurrency: in a guard; never waits.
   */
  rebind(slot: number, endpoint: Endpoint, tick: number): number {
    if (this.memory.settings.keyWords !== 1) this.refuseKind("endpoints", "ids: use rekey");
    if (!this.isSlot(slot)) return JOIN_GONE;
    this.tick.of(tick);
    const result = this.#move(slot, endpoint, () => rebindEndpoint(this.memory, slot, endpoint));
    if (result === JOIN_BUSY) countEvent(this.memory, REBIND_BUSY);
    return result;
  }

  /**
   * As `rebind`, in a table whose keys are endpoints. Slot and handle stay.
   *
   * @returns 0, JOIN_GONE, JOIN_EXISTS (another client is there), JOIN_PREFIX_FULL, or JOIN_BUSY
   *
   * Concurrency: in a guard or not. Spins some 100 µs at most, then JOIN_BUSY.
   */
  rekey(handle: number, endpoint: Endpoint): number {
    if (this.memory.settings.keyWords === 1) this.refuseKind("ids", "endpoints: use rebind");
    const guard = this.map.enter();
    try {
      const slot = this.map.resolve(handle);
      if (slot < 0) return JOIN_GONE;
      return this.#move(slot, endpoint, () => this.#rekeyed(this.map.rekeyEndpoint(handle, endpoint)));
    } finally {
      guard.leave();
    }
  }

  #rekeyed(outcome: number): number {
    return outcome >= 0 ? 0 : outcome === ABSENT ? JOIN_GONE : outcome;
  }

  /** Moves a client's membership with it: into the new prefix before, out of the old one after. */
  #move(slot: number, endpoint: Endpoint, change: () => number): number {
    const { prefixes } = this;
    const from = this.endpoint(slot);
    if (prefixes === undefined || prefixes.same(from, endpoint)) return change();
    const generation = this.generation(slot);
    const entered = prefixes.enter(slot, generation, endpoint, from);
    if (entered !== 0) return this.#refused(entered);
    const result = change();
    prefixes.leave(slot, generation, result === 0 ? from : endpoint);
    return result;
  }

  /** The client's round trip, in ms >= 0, else it stays as it is: feeds its priority. Concurrency: in a guard; two atomic writes. */
  setLatency(slot: number, latencyMs: number): void {
    if (latencyMs >= 0 && this.isSlot(slot)) writeMeasured(this.memory, slot, LATENCY, latencyMs);
  }

  /** The client's loss, 0..1,000, clamped: feeds its priority. Concurrency: as `setLatency`. */
  setLossPerMille(slot: number, lossPerMille: number): void {
    if (lossPerMille >= 0 && this.isSlot(slot))
      writeMeasured(this.memory, slot, LOSS, Math.min(1_000, lossPerMille));
  }

  /** The client's jitter, in ms >= 0. Concurrency: as `setLatency`. */
  setJitter(slot: number, jitterMs: number): void {
    if (jitterMs >= 0 && this.isSlot(slot)) writeMeasured(this.memory, slot, JITTER, jitterMs);
  }

  /**
   * Sets the client's counters, rates and age back to nothing; latency, loss and last receive stay.
   *
   * @returns false if another thread is doing the same right now, or the slot is none
   *
   * Concurrency: in a guard; the totals fall in one step. Never waits.
   */
  resetStats(slot: number, tick: number = this.now()): boolean {
    return this.isSlot(slot) && resetTotals(this.memory, slot, this.tick.of(tick));
  }

  /** Removes what makes room for a newcomer in a full table; false if nothing may go. */
  protected abstract makeRoom(now: number): boolean;

  /** A client that this thread made is there. */
  protected abstract noteJoin(slot: number, now: number): void;

  /** Removes an expired client of the endpoint's prefix; false if there is none. */
  protected abstract makeRoomInPrefix(endpoint: Endpoint, now: number): boolean;

  /** Fills the record of a newcomer. Concurrency: under the lock of its shard, before anybody finds it. */
  #begin(slot: number, now: number, endpoint: Endpoint): void {
    const { memory, words } = this;
    const metrics = metricsOf(memory, slot);
    for (let i = 0; i < METRICS_WORDS; i++) poke(words, metrics + i, 0);
    poke(words, metrics + START_0, now);
    for (const line of [receiveLine(memory, slot), sendLine(memory, slot)]) {
      poke(words, line + LAST_TICK, now);
      poke(words, line + CLAIM, now);
      poke(words, line + RATE + 1, now);
    }
    poke(words, receiveLine(memory, slot) + RECEIVER, this.ownerId);
    if (memory.settings.keyWords === 1) writeFirstEndpoint(memory, slot, endpoint);
    if (this.hasQuality) this.quality(slot).initialize();
    if (this.prefixes === undefined) return;
    this.#prefixRefusal = this.prefixes.enter(slot, this.generation(slot) + 1, endpoint);
    if (this.#prefixRefusal !== 0) throw refusedByPrefix;
  }
}

/** Thrown through the map's `getOrInsert`, which then undoes the entry; made once, so that a flood costs no stacks. */
const refusedByPrefix = new Error("the newcomer's prefix is full");
