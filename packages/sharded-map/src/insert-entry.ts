import { add, poke as pokeWord } from "@udp-relay/atomics-layout/memory";
import * as slots from "./free-slots.ts";
import { retire } from "./guards.ts";
import * as identity from "./identity.ts";
import * as index from "./index-segment.ts";
import * as lock from "./lock-word.ts";
import * as header from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";
import { BUSY, EXISTS, FULL } from "./outcomes.ts";
import { lockShard as lockTheShard } from "./shard-lock.ts";
import * as tickets from "./tickets.ts";

// Own names: see map-memory.ts.
const poke = pokeWord;
const lockShard = lockTheShard;
const { unlockShard } = lock;
const { BUSY_COUNT, FULL_COUNT, LIVE_COUNT, OVERFLOWS, RESTING_COUNT, shardAt } = header;
const { count, findCell, publishWord, relieveShard, shardOfHash, slotInCell } = index;
const { NO_SLOT_BUSY, obtainSlot, releaseSlot, restSlot } = slots;
const { setLive, writeKey } = identity;
const { announceGive, closeTicket, giveTicket, takeTicket } = tickets;

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
  if (found >= 0) return leaveExisting(memory, shard, found);
  if (relieveShard(memory, shard)) findCell(memory, shard, hash);
  const slot = addEntry(memory, shard, hash, init);
  unlockShard(memory, shard);
  return slot;
}

function leaveExisting(memory: MapMemory, shard: number, cell: number): number {
  const slot = slotInCell(memory, shard, cell);
  unlockShard(memory, shard);
  return existing(slot);
}

/** What is done for every entry, and short, so that the compilers make one piece of it: what is rare stands apart. */
function addEntry(
  memory: MapMemory,
  shard: number,
  hash: number,
  init: InitializeRecord | undefined,
): number {
  const at = shardAt(memory, shard);
  const cell = memory.vacantCell;
  if (cell < 0) return refuse(memory, at, OVERFLOWS);
  if (!takeTicket(memory, shard, at)) return refuse(memory, at, FULL_COUNT);
  const slot = obtainSlot(memory, shard, at);
  if (slot < 0) return giveUp(memory, shard, at, slot);
  clearRecord(memory, slot);
  writeKey(memory, slot);
  if (init !== undefined) runInit(memory, shard, slot, init);
  publishWord(memory, shard, cell, hash, slot);
  setLive(memory, slot);
  count(memory.words, at + LIVE_COUNT, 1);
  closeTicket(memory, at);
  releaseSlot(memory, at);
  return slot;
}

function giveUp(memory: MapMemory, shard: number, at: number, why: number): number {
  announceGive(memory, at);
  giveTicket(memory, shard, at);
  if (why !== NO_SLOT_BUSY) return refuse(memory, at, RESTING_COUNT);
  add(memory.words, at + BUSY_COUNT, 1);
  return BUSY;
}

function refuse(memory: MapMemory, at: number, counter: number): number {
  count(memory.words, at + counter, 1);
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
    const at = shardAt(memory, shard);
    announceGive(memory, at);
    restSlot(memory, shard, at, slot, retire(memory));
    giveTicket(memory, shard, at);
    releaseSlot(memory, at);
    unlockShard(memory, shard);
    throw error;
  }
}
