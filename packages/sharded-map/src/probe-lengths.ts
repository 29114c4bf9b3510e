import { peek } from "@udp-relay/atomics-layout/memory";
import { hashOfSlot, isLive } from "./identity.ts";
import { cellOfSlot, segmentOf, shardOfHash } from "./index-segment.ts";
import type { MapMemory } from "./map-memory.ts";

/** How many cells of the index lookups read. */
export interface ProbeLengths {
  readonly hits: ProbeDistribution;
  /** Over all homes alike: what an absent key meets, since its hash is as good as random. */
  readonly misses: ProbeDistribution;
}

/** Of cells read by one lookup; all 0 in an empty map. */
export interface ProbeDistribution {
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
}

/** Walks the whole index. Concurrency: in a guard; plain reads. */
export function probeLengths(memory: MapMemory): ProbeLengths {
  const hits: number[] = [];
  for (let slot = 0; slot < memory.shape.slots; slot++) {
    if (!isLive(memory, slot)) continue;
    const hash = hashOfSlot(memory, slot);
    const cell = cellOfSlot(memory, shardOfHash(memory, hash), hash, slot);
    if (cell >= 0) hits.push(((cell - hash) & memory.cellMask) + 1);
  }
  const misses: number[] = [];
  for (let shard = 0; shard < memory.shape.shards; shard++) addMisses(memory, shard, misses);
  return { hits: distribution(hits), misses: distribution(misses) };
}

function addMisses(memory: MapMemory, shard: number, misses: number[]): void {
  const { words, cellMask } = memory;
  const segment = segmentOf(memory, shard);
  for (let home = 0; home <= cellMask; home++) {
    let length = 1;
    while (length <= cellMask && peek(words, segment + ((home + length - 1) & cellMask)) !== 0) length++;
    misses.push(length);
  }
}

function distribution(lengths: number[]): ProbeDistribution {
  if (lengths.length === 0) return { mean: 0, p99: 0, max: 0 };
  lengths.sort((a, b) => a - b);
  return {
    mean: lengths.reduce((sum, length) => sum + length, 0) / lengths.length,
    p99: lengths[Math.floor(lengths.length * 0.99)]!,
    max: lengths[lengths.length - 1]!,
  };
}
