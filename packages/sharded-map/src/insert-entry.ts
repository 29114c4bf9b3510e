import { add, poke } from "@udp-relay/atomics-layout/memory";
import { NO_SLOT_BUSY, obtainSlot, releaseSlot, restSlot } from "./free-slots.ts";
import { retire } from "./guards.ts";
import { setLive, writeKey } from "./identity.ts";
import { count, findCell, publishWord, relieveShard, shardOfHash, slotInCell } from "./index-segment.ts";
import { unlockShard } from "./lock-word.ts";
import { BUSY_COUNT, FULL_COUNT, LIVE_COUNT, OVERFLOWS, RESTING_COUNT, shardAt } from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";
import { BUSY, EXISTS, FULL } from "./outcomes.ts";
import { lockShard } from "./shard-lock.ts";
import { announceGive, closeTicket, giveTicket, takeTicket } from "./tickets.ts";

/** Fills the record of a new entry before anybody can find it. What it throws is thrown on, the entry never existed. */
export type InitializeRecord = (slot: number) => void;

/** What `insertEntry` returns for a key that is there already: EXISTS - slot. */
function existing(slot: number): number {
  return EXISTS - slot;
}

/** The slot of either outcome; FULL and BUSY stay what they are. */
export function existingSlot(outcome: number): number {
  return outcome <= EXISTS ? EXISTS - outcome : outcome;
}

/**
 * Adds an entry for the key in `memory.key`.
 *
 * The order is what readers and repairers rely on: ticket, slot, record and key, then the index word, and last the store
 * that makes the entry LIVE, by which it comes into being for everybody at once.
 *
 * @returns the new slot, FULL, BUSY, or `existing(slot)`
 *
 * Concurrency: any thread, in a guard of its own.
 */
export function insertEntry(memory: MapMemory, hash: number, init: InitializeRecord | undefined): number {
  const shard = shardOfHash(memory, hash);
  if (!lockShard(memory, shard)) return BUSY;
  const found = findCell(memory, shard, hash);
  if (found >= 0) {
    const slot = slotInCell(memory, shard, found);
    unlockShard(memory, shard);
    return existing(slot);
  }
  if (relieveShard(memory, shard)) findCell(memory, shard, hash);
  const slot = addEntry(memory, shard, hash, memory.vacantCell, init);
  unlockShard(memory, shard);
  return slot;
}

function addEntry(
  memory: MapMemory,
  shard: number,
  hash: number,
  cell: number,
  init: InitializeRecord | undefined,
): number {
  if (cell < 0) return refuse(memory, shard, OVERFLOWS);
  if (!takeTicket(memory, shard)) return refuse(memory, shard, FULL_COUNT);
  const slot = obtainSlot(memory, shard);
  if (slot < 0) {
    announceGive(memory, shard);
    giveTicket(memory, shard);
    if (slot !== NO_SLOT_BUSY) return refuse(memory, shard, RESTING_COUNT);
    add(memory.words, shardAt(memory, shard) + BUSY_COUNT, 1);
    return BUSY;
  }
  clearRecord(memory, slot);
  writeKey(memory, slot);
  if (init !== undefined) runInit(memory, shard, slot, init);
  publishWord(memory, shard, cell, hash, slot);
  setLive(memory, slot);
  count(memory.words, shardAt(memory, shard) + LIVE_COUNT, 1);
  closeTicket(memory, shard);
  releaseSlot(memory, shard);
  return slot;
}

function refuse(memory: MapMemory, shard: number, counter: number): number {
  count(memory.words, shardAt(memory, shard) + counter, 1);
  return FULL;
}

function clearRecord(memory: MapMemory, slot: number): void {
  const { words, recordWords } = memory;
  const at = memory.recordsAt + slot * recordWords;
  for (let i = 0; i < recordWords; i++) poke(words, at + i, 0);
}

function runInit(memory: MapMemory, shard: number, slot: number, init: InitializeRecord): void {
  memory.calling = true;
  try {
    init(slot);
    memory.calling = false;
  } catch (error) {
    memory.calling = false;
    announceGive(memory, shard);
    restSlot(memory, shard, slot, retire(memory));
    giveTicket(memory, shard);
    releaseSlot(memory, shard);
    unlockShard(memory, shard);
    throw error;
  }
}
