import { load } from "@udp-relay/atomics-layout/memory";
import {
  BUSY_COUNT,
  FREE,
  FRESH,
  FRESH_END,
  FULL_COUNT,
  LIVE_COUNT,
  OVERFLOWS,
  REBUILDS,
  REPAIRS,
  RESTING,
  RESTING_COUNT,
  RETIRED,
  shardAt,
  STEALS,
  USED,
  WAITING,
} from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";
import { ticketsOut } from "./tickets.ts";

/** Counters of a map, all threads' together; the counts of events never fall, and wrap at 2^32. */
export interface ShardedMapStats {
  readonly capacity: number;
  /** Entries, and inserts in progress: exact when quiet, never outside 0..capacity. */
  readonly size: number;
  /** Inserts refused because the capacity was reached. */
  readonly full: number;
  /** Inserts refused, also FULL, because every free slot rested: some thread stands still inside a guard. */
  readonly resting: number;
  /** Writers refused because a shard was locked by a thread that stood still, or a key's idle copy rested. */
  readonly busy: number;
  /** Inserts refused, also FULL, because a shard had no cell left: chance, below e^-50 a map. */
  readonly overflows: number;
  /** Index segments rebuilt to shed tombstones. */
  readonly rebuilds: number;
  /** Shards taken over from dead threads. */
  readonly repairs: number;
  /** Guards of more than 100 ms that this thread's sweeps have met. */
  readonly longGuards: number;
  /** Slots out of use for good because their 2^28 generations are used up. */
  readonly retiredSlots: number;
  readonly shards: readonly ShardStats[];
}

/** One shard. `entries` and `tombstones` are what its lock's holder saw last. */
export interface ShardStats {
  readonly entries: number;
  readonly tombstones: number;
  readonly cells: number;
  /** Slots that can be used at once, as far as it is known. */
  readonly freeSlots: number;
  readonly restingSlots: number;
  readonly rebuilds: number;
  /** Slots taken from other shards. */
  readonly steals: number;
}

/** Concurrency: any thread; each number is read by itself, so they need not fit each other while writers are at work. */
export function readStats(memory: MapMemory, longGuards: number): ShardedMapStats {
  const counter = (shard: number, word: number): number =>
    load(memory.words, shardAt(memory, shard) + word) >>> 0;
  const shards = Array.from({ length: memory.shape.shards }, (_, shard): ShardStats => {
    const entries = counter(shard, LIVE_COUNT);
    return {
      entries,
      tombstones: Math.max(0, counter(shard, USED) - entries),
      cells: memory.cellMask + 1,
      freeSlots: counter(shard, FREE) + counter(shard, FRESH_END) - counter(shard, FRESH),
      restingSlots: counter(shard, WAITING) + counter(shard, RESTING),
      rebuilds: counter(shard, REBUILDS),
      steals: counter(shard, STEALS),
    };
  });
  const total = (word: number): number => shards.reduce((sum, _, shard) => sum + counter(shard, word), 0);
  return {
    capacity: memory.capacity,
    size: ticketsOut(memory),
    full: total(FULL_COUNT),
    resting: total(RESTING_COUNT),
    busy: total(BUSY_COUNT),
    overflows: total(OVERFLOWS),
    rebuilds: total(REBUILDS),
    repairs: total(REPAIRS),
    longGuards,
    retiredSlots: total(RETIRED),
    shards,
  };
}
