import type { SectionPlan } from "@udp-relay/atomics-layout";
import { add, load } from "@udp-relay/atomics-layout/memory";
import type { ShardedMapStats } from "@udp-relay/sharded-map";
import type { TableMemory } from "./table-memory.ts";

/** Words of the section "counters": events that are rare, counted by all threads together, modulo 2^32. */
export const EXPIRED = 0;
export const EVICTED = 1;
export const EXPIRY_OVERFLOWS = 2;
export const HELD_BACK = 3;
export const REBIND_BUSY = 4;
export const PREFIX_FULL = 5;
const PREFIX_BUSY = 6;
export const FUTURE_STAMPS = 7;
export const JOIN_REFUSED = 8;
export const CALLBACKS_THROWN = 9;
export const REDELIVERIES = 10;
export const JOINED = 11;

export const countersSection: SectionPlan = { name: "counters", byteLength: 64 };

/** A table's counters, all threads' together; none ever falls, and all wrap at 2^32. */
export interface TunnelClientTableStats {
  readonly capacity: number;
  readonly size: number;
  /** Clients that ever joined. */
  readonly joined: number;
  /** Clients that timed out and were removed. */
  readonly expired: number;
  /** Unpaired clients that made room for newcomers. */
  readonly evicted: number;
  /** Expired or evicted clients whose snapshot found the queue full: no callback was told. */
  readonly expiryOverflows: number;
  /** Expired clients that wait for a callback. */
  readonly expiriesPending: number;
  /** Callbacks run again after a thread died in them. */
  readonly redeliveries: number;
  /** Silent clients that were spared because the thread that receives from them is behind; counted at each look. */
  readonly heldBack: number;
  /** Newcomers refused because the table was full or every free slot rested. */
  readonly joinsRefused: number;
  /** Newcomers refused because their prefix had as many clients as `clientsPerPrefix` allows. */
  readonly prefixFull: number;
  /** Joins that met a prefix's line while it was being removed. */
  readonly prefixBusy: number;
  /** Rebindings refused because another one was under way, or its old place still rested. */
  readonly rebindBusy: number;
  /** Ticks that were ahead of the time, and set right. */
  readonly futureStamps: number;
  /** What callbacks of `onExpire` and `watch` threw. */
  readonly callbacksThrown: number;
  /** Priorities that this thread has computed: lazily, so fewer than were asked for. */
  readonly priorityRecomputes: number;
  readonly map: ShardedMapStats;
}

/** Concurrency: any thread; one atomic addition. */
export function countEvent(memory: TableMemory, counter: number, times = 1): void {
  add(memory.words, memory.countersAt + counter, times);
}

/** Concurrency: any thread; each number is read by itself. */
export function readCounters(memory: TableMemory, pending: number): TunnelClientTableStats {
  const counter = (word: number): number => load(memory.words, memory.countersAt + word) >>> 0;
  const map = memory.map.stats();
  return {
    capacity: map.capacity,
    size: map.size,
    joined: counter(JOINED),
    expired: counter(EXPIRED),
    evicted: counter(EVICTED),
    expiryOverflows: counter(EXPIRY_OVERFLOWS),
    expiriesPending: pending,
    redeliveries: counter(REDELIVERIES),
    heldBack: counter(HELD_BACK),
    joinsRefused: counter(JOIN_REFUSED),
    prefixFull: counter(PREFIX_FULL),
    prefixBusy: counter(PREFIX_BUSY),
    rebindBusy: counter(REBIND_BUSY),
    futureStamps: counter(FUTURE_STAMPS),
    callbacksThrown: counter(CALLBACKS_THROWN),
    priorityRecomputes: memory.recomputes,
    map,
  };
}
