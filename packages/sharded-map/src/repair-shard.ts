import { peek } from "@udp-relay/atomics-layout/memory";
import { ownerShard, releaseSlot, repairSlots } from "./free-slots.ts";
import { isLive } from "./identity.ts";
import { count, repairIndex } from "./index-segment.ts";
import { INFLIGHT, REPAIRS, shardAt } from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";
import { settleTicket } from "./tickets.ts";

/**
 * Puts a shard right whose holder died, wherever it was. The control words are the truth (an operation happened if they
 * say so), everything else is derived from them: words that lead to no entry are dropped, the slot in the holder's hands
 * goes back to the list unless it is live, and so does its ticket. Nothing is redone that a repairer did who died in its
 * turn, and no other shard is needed.
 *
 * Concurrency: whoever took the shard's lock over, before it does anything else with the shard.
 */
export function repairShard(memory: MapMemory, shard: number): void {
  const at = shardAt(memory, shard);
  const inflight = peek(memory.words, at + INFLIGHT) - 1;
  const entryLives = inflight >= 0 && ownerShard(memory, inflight) === shard && isLive(memory, inflight);
  repairIndex(memory, shard);
  repairSlots(memory, shard);
  settleTicket(memory, shard, entryLives);
  releaseSlot(memory, at);
  count(memory.words, at + REPAIRS, 1);
}
