import * as header from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";

// Own names: see map-memory.ts.
const { LOCK, shardAt } = header;

/** One attempt, for a thread that holds another shard already: two such threads must not wait for each other. */
export function tryLockShard(memory: MapMemory, shard: number): boolean {
  return memory.ops.compareExchange32((shardAt(memory, shard) + LOCK) << 2, 0, memory.ownerId) === 0;
}

/** Everything that was written under the lock is visible to the next holder. */
export function unlockShard(memory: MapMemory, shard: number): void {
  memory.ops.store32((shardAt(memory, shard) + LOCK) << 2, 0);
}
