import { compareExchange, load, peek as peekWord, poke as pokeWord } from "@udp-relay/atomics-layout/memory";
import type { Words } from "@udp-relay/atomics-layout/memory";
import * as header from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";

/**
 * The capacity is exact because an entry needs a ticket before it exists and gives it back after it has ceased to. How
 * many tickets are out is one counter for the whole map; what makes it bear a kill at any step is that a step is a
 * compare-and-swap of the counter *and* the name of who made it:
 *
 *     tickets   shard (8 bits), count (24) | sequence (30)      one pair of words
 *     JOURNAL   sequence (30), TAKE, GIVE or 0: done (2)        a word of each shard, its holder's
 *     CONFIRMED the last sequence that somebody else saw        a word of each shard
 *
 * A shard's holder numbers its steps and writes the number to the journal before it tries. Whoever replaces another
 * shard's name in the pair, while that shard's journal still says that the step is under way, confirms it first. So the
 * step of a dead holder has happened exactly if its name is in the pair or is confirmed.
 */
// Own names: see map-memory.ts.
const peek = peekWord;
const poke = pokeWord;
const { CONFIRMED, JOURNAL, shardAt } = header;

const TAKE = 1;
const GIVE = 2;
const COUNT_MASK = 0xffffff;
const SEQUENCE_MASK = 0x3fffffff;

/**
 * Takes a ticket. (`at`, here and below: the shard's header.) The journal stays open until `closeTicket`, which the holder calls once the entry is LIVE.
 *
 * @returns false if all are out: as many entries live, or are being inserted, as the capacity allows
 *
 * Concurrency: the shard's holder; lock-free among shards.
 */
export function takeTicket(memory: MapMemory, shard: number, at: number): boolean {
  const sequence = open(memory.words, at, TAKE);
  const room = (memory.ticketsLow & COUNT_MASK) < memory.capacity;
  return (room && stepAtOnce(memory, shard, sequence, 1)) || takeAfterLook(memory, shard, at, sequence);
}

function takeAfterLook(memory: MapMemory, shard: number, at: number, sequence: number): boolean {
  if (stepAfterLook(memory, shard, sequence, 1)) return true;
  closeTicket(memory, at);
  return false;
}

/** Says that a ticket is about to come back; `giveTicket` does it. Between the two the entry ends. */
export function announceGive(memory: MapMemory, at: number): void {
  open(memory.words, at, GIVE);
}

/** Gives the announced ticket back. Concurrency: the shard's holder; lock-free among shards. */
export function giveTicket(memory: MapMemory, shard: number, at: number): void {
  const sequence = peek(memory.words, at + JOURNAL) >>> 2;
  if (!stepAtOnce(memory, shard, sequence, -1)) stepAfterLook(memory, shard, sequence, -1);
  closeTicket(memory, at);
}

/** Ends the step: the ticket is an entry's now, or nobody's. */
export function closeTicket({ words }: MapMemory, at: number): void {
  poke(words, at + JOURNAL, peek(words, at + JOURNAL) & ~3);
}

/** Numbers the next step and writes down what it is. */
function open(words: Words, at: number, what: number): number {
  const sequence = ((peek(words, at + JOURNAL) >>> 2) + 1) & SEQUENCE_MASK;
  poke(words, at + JOURNAL, (sequence << 2) | what);
  // Keeps CONFIRMED next to the sequence, so that "later" stays decidable when sequences wrap.
  poke(words, at + CONFIRMED, (sequence - 1) & SEQUENCE_MASK);
  return sequence;
}

/**
 * The first attempt is on the pair as this thread left it: right if nobody has stepped since, and it saves the look. What
 * would need a confirmation is left to those who look, for that is due to a name which is in the pair only.
 */
function stepAtOnce(memory: MapMemory, shard: number, sequence: number, change: number): boolean {
  const { ticketsLow: low, ticketsHigh: last } = memory;
  if (last < 0 || isUnderWay(memory, low >>> 24, last)) return false;
  return exchange(memory, shard, sequence, change, low, last);
}

/** Lock-free: an attempt fails only because another shard's succeeded. */
function stepAfterLook(memory: MapMemory, shard: number, sequence: number, change: number): boolean {
  const { ops, ticketsByte } = memory;
  for (;;) {
    const low = ops.loadPair(ticketsByte);
    const last = ops.pairHigh();
    if (change > 0 && (low & COUNT_MASK) >= memory.capacity) return false;
    confirm(memory, low >>> 24, last);
    if (exchange(memory, shard, sequence, change, low, last)) return true;
  }
}

/** Puts the shard's name into the pair if it is as given. */
function exchange(
  memory: MapMemory,
  shard: number,
  sequence: number,
  change: number,
  low: number,
  last: number,
): boolean {
  const next = (shard << 24) | ((low & COUNT_MASK) + change);
  if (memory.ops.casPair(memory.ticketsByte, low, last, next, sequence) !== 1) return false;
  memory.ticketsLow = next;
  memory.ticketsHigh = sequence;
  return true;
}

/** In one guard fewer steps are made than there are sequences; what was seen in an earlier one might fit by chance. */
export function forgetTickets(memory: MapMemory): void {
  memory.ticketsHigh = -1;
}

/** Whether the journal of the shard that made this step is still open for it. */
function isUnderWay(memory: MapMemory, shard: number, sequence: number): boolean {
  const journal = peek(memory.words, shardAt(memory, shard) + JOURNAL);
  return (journal & 3) !== 0 && journal >>> 2 === sequence;
}

/** Sees to it that the step whose name is about to be replaced is remembered, if it is still under way. */
function confirm(memory: MapMemory, shard: number, sequence: number): void {
  // The pair was read atomically and its writer wrote the journal before: this is that entry or a later one.
  if (!isUnderWay(memory, shard, sequence)) return;
  const { words } = memory;
  const at = shardAt(memory, shard);
  for (;;) {
    const confirmed = load(words, at + CONFIRMED);
    // Sequences move on: a slow thread must not replace a later one. Somebody's step is behind every failure.
    if ((sequence - confirmed) << 2 <= 0) return;
    if (compareExchange(words, at + CONFIRMED, confirmed, sequence) === confirmed) return;
  }
}

/**
 * Completes or undoes what a dead holder was doing to the counter.
 *
 * @param entryLives whether the slot that the holder had in its hands is a live entry of this shard
 *
 * Concurrency: whoever took the shard's lock over; again and again if repairers die, with the same result.
 */
export function settleTicket(memory: MapMemory, shard: number, entryLives: boolean): void {
  const at = shardAt(memory, shard);
  const journal = peek(memory.words, at + JOURNAL);
  const what = journal & 3;
  if (what === 0) return;
  const happened = hasHappened(memory, shard, journal >>> 2);
  if (what === TAKE && happened && !entryLives) {
    announceGive(memory, at);
    giveTicket(memory, shard, at);
  } else if (what === GIVE && !happened && !entryLives) {
    giveTicket(memory, shard, at);
  } else {
    closeTicket(memory, at);
  }
}

/** The pair first: once another name stands in it, ours was confirmed before. */
function hasHappened(memory: MapMemory, shard: number, sequence: number): boolean {
  const { ops, words, ticketsByte } = memory;
  const low = ops.loadPair(ticketsByte);
  if (low >>> 24 === shard && ops.pairHigh() === sequence) return true;
  return load(words, shardAt(memory, shard) + CONFIRMED) === sequence;
}

/** How many tickets are out: 0 to capacity, entries that are being inserted included. Concurrency: any thread. */
export function ticketsOut(memory: MapMemory): number {
  return load(memory.words, memory.ticketsByte >>> 2) & COUNT_MASK;
}
