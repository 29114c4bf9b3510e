import { add } from "@udp-relay/atomics-layout/memory";
import { hasPassed, retire } from "./guards.ts";
import {
  hashOfKey,
  hashOfSlot,
  idleCopyStamp,
  setIdleCopyStamp,
  slotOfHandle,
  switchKey,
  writeIdleCopy,
} from "./identity.ts";
import {
  cellOfSlot,
  clearCell,
  count,
  findCell,
  publishWord,
  shardOfHash,
  slotInCell,
} from "./index-segment.ts";
import { unlockShard } from "./lock-word.ts";
import { BUSY_COUNT, LIVE_COUNT, OVERFLOWS, shardAt } from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";
import { ABSENT, BUSY, EXISTS, FULL } from "./outcomes.ts";
import { REKEY_ATTEMPTS } from "./remove-entry.ts";
import { lockShard } from "./shard-lock.ts";

/**
 * Gives the entry of a handle the key in `memory.key`; slot, record and handle stay.
 *
 * One store decides: before it the entry is found under its old key alone, after it under the new one alone. Both words
 * stand in the index around it, and a repairer drops the one that leads to no entry, so that nothing needs to be
 * journalled. An endpoint's new key is written to the copy that is not the key; it must have rested, for readers compare
 * the words of a copy one by one.
 *
 * @returns the slot, ABSENT (no such entry), EXISTS (another entry has the key), BUSY (a lock, or the copy rests), FULL
 * (the key's shard has no cell left; practically never, see `OVERFLOWS`)
 *
 * Concurrency: any thread, in a guard of its own.
 */
export function rekeyEntry(memory: MapMemory, handle: number): number {
  const hash = hashOfKey(memory);
  const to = shardOfHash(memory, hash);
  for (let attempt = 0; attempt < REKEY_ATTEMPTS; attempt++) {
    const slot = slotOfHandle(memory, handle);
    if (slot < 0) return ABSENT;
    const oldHash = hashOfSlot(memory, slot);
    const from = shardOfHash(memory, oldHash);
    if (!lockBoth(memory, from, to)) return BUSY;
    let result: number | undefined;
    if (slotOfHandle(memory, handle) !== slot) result = ABSENT;
    else if (hashOfSlot(memory, slot) === oldHash) result = moveKey(memory, slot, oldHash, hash);
    unlockBoth(memory, from, to);
    if (result !== undefined) return result;
  }
  return BUSY;
}

/** Always the lower shard first; `lockShard` gives up by itself anyway. */
function lockBoth(memory: MapMemory, a: number, b: number): boolean {
  const first = Math.min(a, b);
  const second = Math.max(a, b);
  if (!lockShard(memory, first)) return false;
  if (first === second || lockShard(memory, second)) return true;
  unlockShard(memory, first);
  return false;
}

function unlockBoth(memory: MapMemory, a: number, b: number): void {
  unlockShard(memory, a);
  if (a !== b) unlockShard(memory, b);
}

function moveKey(memory: MapMemory, slot: number, oldHash: number, hash: number): number {
  const from = shardOfHash(memory, oldHash);
  const to = shardOfHash(memory, hash);
  const found = findCell(memory, to, hash);
  if (found >= 0) return slotInCell(memory, to, found) === slot ? slot : EXISTS;
  const cell = memory.vacantCell;
  if (cell < 0) {
    count(memory.words, shardAt(memory, to) + OVERFLOWS, 1);
    return FULL;
  }
  const copies = memory.keyWords !== 1;
  if (copies) {
    if (!idleCopyRested(memory, slot)) {
      add(memory.words, shardAt(memory, to) + BUSY_COUNT, 1);
      return BUSY;
    }
    writeIdleCopy(memory, slot);
    setIdleCopyStamp(memory, slot, SWITCHING);
  }
  // The old word is looked for before the new one is there: the two may look alike.
  const oldCell = cellOfSlot(memory, from, oldHash, slot);
  publishWord(memory, to, cell, hash, slot);
  switchKey(memory, slot);
  clearCell(memory, from, oldCell);
  if (copies) setIdleCopyStamp(memory, slot, retire(memory));
  count(memory.words, shardAt(memory, from) + LIVE_COUNT, -1);
  count(memory.words, shardAt(memory, to) + LIVE_COUNT, 1);
  return slot;
}

/** No stamp (those are odd): says that whoever wrote it died before it could say since when the idle copy rests. */
const SWITCHING = 2;

function idleCopyRested(memory: MapMemory, slot: number): boolean {
  const stamp = idleCopyStamp(memory, slot);
  if (stamp !== SWITCHING) return hasPassed(memory, stamp);
  setIdleCopyStamp(memory, slot, retire(memory));
  return false;
}
