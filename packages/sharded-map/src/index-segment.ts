import {
  compareExchange,
  load,
  peek as peekWord,
  poke as pokeWord,
  store,
} from "@udp-relay/atomics-layout/memory";
import { hasPassed, retire } from "./guards.ts";
import { hashOfSlot, isEntryOfKey as isEntryOf, isLive } from "./identity.ts";
import * as header from "./map-memory.ts";
import type { Words } from "@udp-relay/atomics-layout/memory";
import type { MapMemory } from "./map-memory.ts";

// Own names: see map-memory.ts.
const peek = peekWord;
const poke = pokeWord;
const isEntryOfKey = isEntryOf;
const { CLAIM, groupAt, LIVE_COUNT, PREVIOUS, REBUILDS, shardAt, SPARE, SPARE_STAMP, USED } = header;

/**
 * A shard's index: a segment of words, found by linear probing from the hash's low bits.
 *
 *     word  the hash's high bits | slot + 1      0 empty      hash bits all set | 0: tombstone
 *
 * Words are hints: an entry exists if its slot is LIVE under the key, and a leftover word harms nobody. What must stay
 * true for the readers, who take no lock:
 *
 * 1. While an entry is LIVE, its word stands in the shard's segment, and no cell before it, from its hash's home on, is
 *    empty. (Its word is stored before LIVE is set and cleared after LIVE is; a cell is emptied only if the next is.)
 *    So a lookup that meets an empty cell has proof that at some moment since it began the key was not there.
 * 2. A segment that was replaced is not written to until everybody has left the guards in which it could be found.
 * 3. A key is written before its word: a word leads to its slot's present key.
 *
 * All writing is done by the holder of the shard's lock.
 */
export function shardOfHash(memory: MapMemory, hash: number): number {
  return (hash >>> memory.cellBits) & memory.shardMask;
}

export function segmentOf(memory: MapMemory, shard: number): number {
  return peek(memory.words, memory.selectorsAt + shard);
}

/**
 * The cell of the entry with the key in `memory.key`, or -1; then `memory.vacantCell` is where its word would go.
 *
 * Concurrency: the shard's holder.
 */
export function findCell(memory: MapMemory, shard: number, hash: number): number {
  const { words, cellMask, slotMask, tagMask } = memory;
  const segment = segmentOf(memory, shard);
  let vacant = -1;
  let cell = hash & cellMask;
  for (let n = cellMask; n >= 0; n--) {
    const word = peek(words, segment + cell);
    const slot = (word & slotMask) - 1;
    if (slot < 0) {
      if (vacant < 0) vacant = cell;
      if (word === 0) break;
    } else if (((word ^ hash) & tagMask) === 0 && isEntryOfKey(memory, slot)) {
      return cell;
    }
    cell = (cell + 1) & cellMask;
  }
  memory.vacantCell = vacant;
  return -1;
}

/** The slot that a cell's word names. */
export function slotInCell(memory: MapMemory, shard: number, cell: number): number {
  return (peek(memory.words, segmentOf(memory, shard) + cell) & memory.slotMask) - 1;
}

/** Publishes a slot's word: everything that was written to the slot before is visible to whoever follows the word. */
export function publishWord(
  memory: MapMemory,
  shard: number,
  cell: number,
  hash: number,
  slot: number,
): void {
  const { words } = memory;
  const index = segmentOf(memory, shard) + cell;
  if (peek(words, index) === 0) count(words, shardAt(memory, shard) + USED, 1);
  memory.ops.store32(index << 2, (hash & memory.tagMask) | (slot + 1));
}

/** Clears a word of an entry that is not LIVE any more, or not under this hash. */
export function clearCell(memory: MapMemory, shard: number, cell: number): void {
  const { words, cellMask, tagMask } = memory;
  const segment = segmentOf(memory, shard);
  if (peek(words, segment + ((cell + 1) & cellMask)) !== 0) {
    poke(words, segment + cell, tagMask);
    return;
  }
  // Nothing lies behind an empty cell, so this one and the tombstones before it need not be passed through either.
  let emptied = 0;
  do {
    poke(words, segment + cell, 0);
    emptied++;
    cell = (cell - 1) & cellMask;
  } while (emptied <= cellMask && peek(words, segment + cell) === tagMask);
  count(words, shardAt(memory, shard) + USED, -emptied);
}

/** Adds to one of a header's counters, given by its index. */
export function count(words: Words, index: number, change: number): void {
  poke(words, index, peek(words, index) + change);
}

/**
 * Above it tombstones are shed: p99 of the probes for an absent key must not exceed 16, also for structured keys.
 * (Simulated with random ones: 9 at 0.40 of the cells in use, 11 at 0.45, 14 at 0.51, 16 at 0.53, 21 at 0.59.)
 */
function isCrowded(memory: MapMemory, shard: number): boolean {
  const used = peek(memory.words, shardAt(memory, shard) + USED);
  return used * 64 >= (memory.cellMask + 1) * 29 && hasTombstones(memory, shard, used);
}

function hasTombstones(memory: MapMemory, shard: number, used: number): boolean {
  const tombstones = used - peek(memory.words, shardAt(memory, shard) + LIVE_COUNT);
  return tombstones * 32 > memory.cellMask;
}

/**
 * Rebuilds a segment that is crowded by tombstones into the group's spare one, and flips. If that one is in use by a
 * neighbour, or rests because a guard stands still, nothing happens: tombstones slow lookups down, they refuse nothing.
 *
 * @returns whether the segment was replaced
 *
 * Concurrency: the shard's holder. Readers go on in the old segment, which nobody writes to until they have left.
 */
export function relieveShard(memory: MapMemory, shard: number): boolean {
  return isCrowded(memory, shard) && rebuildShard(memory, shard);
}

function rebuildShard(memory: MapMemory, shard: number): boolean {
  const { words } = memory;
  const group = groupAt(memory, shard);
  if (compareExchange(words, group + CLAIM, 0, shard + 1) !== 0) return false;
  if (!hasPassed(memory, peek(words, group + SPARE_STAMP))) {
    store(words, group + CLAIM, 0);
    return false;
  }
  const previous = segmentOf(memory, shard);
  const next = peek(words, group + SPARE);
  const live = copyLive(memory, shard, previous, next);
  poke(words, shardAt(memory, shard) + USED, live);
  poke(words, shardAt(memory, shard) + PREVIOUS, previous);
  count(words, shardAt(memory, shard) + REBUILDS, 1);
  store(words, memory.selectorsAt + shard, next);
  releaseSpare(memory, group, previous);
  return true;
}

/** The segment that is spare from now on rests first. Concurrency: the holder of the group's claim. */
function releaseSpare(memory: MapMemory, group: number, segment: number): void {
  const { words } = memory;
  poke(words, group + SPARE_STAMP, retire(memory));
  poke(words, group + SPARE, segment);
  store(words, group + CLAIM, 0);
}

/** @returns how many words were placed */
function copyLive(memory: MapMemory, shard: number, from: number, to: number): number {
  const { words, cellMask, slotMask, tagMask } = memory;
  for (let cell = 0; cell <= cellMask; cell++) poke(words, to + cell, 0);
  let live = 0;
  for (let cell = 0; cell <= cellMask; cell++) {
    const slot = (peek(words, from + cell) & slotMask) - 1;
    if (slot < 0 || !isLive(memory, slot)) continue;
    const hash = hashOfSlot(memory, slot);
    const word = (hash & tagMask) | (slot + 1);
    if (shardOfHash(memory, hash) !== shard) continue;
    let target = hash & cellMask;
    while (peek(words, to + target) !== 0 && peek(words, to + target) !== word)
      target = (target + 1) & cellMask;
    if (peek(words, to + target) === word) continue;
    poke(words, to + target, word);
    live++;
  }
  return live;
}

/**
 * Drops the words that lead to no entry of this shard, counts the others, and finishes or takes back a rebuild.
 *
 * Concurrency: whoever took the shard's lock over.
 */
export function repairIndex(memory: MapMemory, shard: number): void {
  const { words, cellMask, tagMask } = memory;
  const at = shardAt(memory, shard);
  const group = groupAt(memory, shard);
  const segment = segmentOf(memory, shard);
  if (load(words, group + CLAIM) === shard + 1) {
    const spare = peek(words, group + SPARE);
    releaseSpare(memory, group, spare === segment ? peek(words, at + PREVIOUS) : spare);
  }
  let live = 0;
  let used = 0;
  for (let cell = 0; cell <= cellMask; cell++) {
    const word = peek(words, segment + cell);
    if (word === 0) continue;
    used++;
    if (word === tagMask) continue;
    if (firstCellOf(memory, shard, word) === cell) live++;
    else poke(words, segment + cell, tagMask);
  }
  poke(words, at + LIVE_COUNT, live);
  poke(words, at + USED, used);
}

/** Where a lookup for the key of the word's slot would find that word, -1 if nowhere in this shard. */
function firstCellOf(memory: MapMemory, shard: number, word: number): number {
  const slot = (word & memory.slotMask) - 1;
  if (!isLive(memory, slot)) return -1;
  const hash = hashOfSlot(memory, slot);
  if (shardOfHash(memory, hash) !== shard || ((hash ^ word) & memory.tagMask) !== 0) return -1;
  return cellOfSlot(memory, shard, hash, slot);
}

/** The cell of a slot's word under a hash, -1 if there is none. Concurrency: the shard's holder. */
export function cellOfSlot(memory: MapMemory, shard: number, hash: number, slot: number): number {
  const { words, cellMask, tagMask } = memory;
  const segment = segmentOf(memory, shard);
  const word = (hash & tagMask) | (slot + 1);
  let cell = hash & cellMask;
  for (let n = cellMask; n >= 0; n--) {
    const found = peek(words, segment + cell);
    if (found === word) return cell;
    if (found === 0) return -1;
    cell = (cell + 1) & cellMask;
  }
  return -1;
}
