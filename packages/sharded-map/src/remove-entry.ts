import * as slots from "./free-slots.ts";
import * as guards from "./guards.ts";
import * as identity from "./identity.ts";
import * as index from "./index-segment.ts";
import * as lock from "./lock-word.ts";
import * as header from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";
import { ABSENT, BUSY } from "./outcomes.ts";
import { lockShard as lockTheShard } from "./shard-lock.ts";
import * as tickets from "./tickets.ts";

// Own names: see map-memory.ts.
const lockShard = lockTheShard;
const { unlockShard } = lock;
const { LIVE_COUNT, shardAt } = header;
const { cellOfSlot, clearCell, count, findCell, shardOfHash, slotInCell } = index;
const { holdSlot, releaseSlot, restSlot } = slots;
const { hashOfSlot, setDead, slotOfHandle } = identity;
const { retire } = guards;
const { announceGive, giveTicket } = tickets;

/** Decides under the lock, on an entry that no writer touches meanwhile; its record may still be updated by others. */
export type SlotPredicate = (slot: number) => boolean;

/**
 * Removes the entry of the key in `memory.key`, if the predicate agrees.
 *
 * @returns its slot, which rests and can be read until the guard ends; ABSENT, also if the predicate refused; BUSY
 *
 * Concurrency: any thread, in a guard of its own.
 */
export function removeKey(memory: MapMemory, hash: number, predicate: SlotPredicate | undefined): number {
  const shard = shardOfHash(memory, hash);
  if (!lockShard(memory, shard)) return BUSY;
  const cell = findCell(memory, shard, hash);
  const slot = cell < 0 ? ABSENT : slotInCell(memory, shard, cell);
  const agreed = slot >= 0 && (predicate === undefined || agrees(memory, shard, predicate, slot));
  if (agreed) endEntry(memory, shard, cell, slot);
  unlockShard(memory, shard);
  return agreed ? slot : ABSENT;
}

/**
 * Removes the entry of a handle, whatever its key is by now; otherwise as `removeKey`.
 *
 * Concurrency: any thread, in a guard of its own.
 */
export function removeHandle(
  memory: MapMemory,
  handle: number,
  predicate: SlotPredicate | undefined,
): number {
  for (let attempt = 0; attempt < REKEY_ATTEMPTS; attempt++) {
    const slot = slotOfHandle(memory, handle);
    if (slot < 0) return ABSENT;
    const hash = hashOfSlot(memory, slot);
    const shard = shardOfHash(memory, hash);
    if (!lockShard(memory, shard)) return BUSY;
    if (slotOfHandle(memory, handle) !== slot) {
      unlockShard(memory, shard);
      return ABSENT;
    }
    if (hashOfSlot(memory, slot) === hash) {
      const agreed = predicate === undefined || agrees(memory, shard, predicate, slot);
      if (agreed) endEntry(memory, shard, cellOfSlot(memory, shard, hash, slot), slot);
      unlockShard(memory, shard);
      return agreed ? slot : ABSENT;
    }
    // It got another key between the look and the lock.
    unlockShard(memory, shard);
  }
  return BUSY;
}

/** How often an entry may get a new key while somebody tries to lock the one it has. */
export const REKEY_ATTEMPTS = 8;

function agrees(memory: MapMemory, shard: number, predicate: SlotPredicate, slot: number): boolean {
  memory.calling = true;
  try {
    const agreed = predicate(slot);
    memory.calling = false;
    return agreed;
  } catch (error) {
    memory.calling = false;
    unlockShard(memory, shard);
    throw error;
  }
}

/**
 * `insertEntry` backwards: the slot and its ticket are announced, then the store that ends the entry for everybody at
 * once, then what is left of it is cleared away.
 *
 * Concurrency: the shard's holder.
 */
function endEntry(memory: MapMemory, shard: number, cell: number, slot: number): void {
  const at = shardAt(memory, shard);
  holdSlot(memory, shard, at, slot);
  announceGive(memory, at);
  setDead(memory, slot);
  clearCell(memory, shard, cell);
  count(memory.words, at + LIVE_COUNT, -1);
  restSlot(memory, shard, at, slot, retire(memory));
  giveTicket(memory, shard, at);
  releaseSlot(memory, at);
}
