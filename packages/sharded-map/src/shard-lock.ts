import { add, compareExchange, load, pause } from "@udp-relay/atomics-layout/memory";
import * as header from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";
import { repairShard } from "./repair-shard.ts";
import { ShardedMapError } from "./sharded-map-error.ts";

// Own names: see map-memory.ts.
const { BUSY_COUNT, LOCK, shardAt } = header;

/** Between two questions whether a lock's holder is still alive. */
const SPINS_A_LOOK = 64;

/**
 * Locks a shard for writing. The lock word is 0 or the holder's owner id, so that it can be taken from the dead: whoever
 * takes it puts the shard right before anything else.
 *
 * @returns false (BUSY, counted) if a living thread held it for the whole spin
 * @throws ShardedMapError ERR_SHARDED_MAP_REENTRANT if `init` or a predicate called a writer
 *
 * Concurrency: spins for a bounded time, some 50 µs; never blocks.
 */
export function lockShard(memory: MapMemory, shard: number): boolean {
  if (memory.calling) refuseReentry();
  const lockAt = shardAt(memory, shard) + LOCK;
  const holder = memory.ops.compareExchange32(lockAt << 2, 0, memory.ownerId);
  return holder === 0 || lockContended(memory, shard, holder);
}

function lockContended(memory: MapMemory, shard: number, firstHolder: number): boolean {
  const { words, ownerId, region } = memory;
  const lockAt = shardAt(memory, shard) + LOCK;
  let holder = firstHolder;
  for (let spin = 0; spin <= memory.patience.lockSpins; spin++) {
    if (holder === 0) {
      holder = compareExchange(words, lockAt, 0, ownerId);
      if (holder === 0) return true;
    } else if (spin % SPINS_A_LOOK === 0 && !region.isOwnerAlive(holder)) {
      if (takeOver(memory, shard, holder)) return true;
    }
    pause();
    holder = load(words, lockAt);
  }
  add(words, shardAt(memory, shard) + BUSY_COUNT, 1);
  return false;
}

/**
 * Takes a shard's lock from an owner that was declared dead, and repairs the shard.
 *
 * @returns false if it was not that owner's (any more)
 */
export function takeOver(memory: MapMemory, shard: number, dead: number): boolean {
  const lockAt = shardAt(memory, shard) + LOCK;
  if (compareExchange(memory.words, lockAt, dead, memory.ownerId) !== dead) return false;
  repairShard(memory, shard);
  return true;
}

function refuseReentry(): never {
  throw new ShardedMapError(
    "ERR_SHARDED_MAP_REENTRANT",
    "init and predicates run under their shard's lock: they may read the map, not write to it",
  );
}
