import { pause, peek as peekWord, poke as pokeWord } from "@udp-relay/atomics-layout/memory";
import type { Words } from "@udp-relay/atomics-layout/memory";
import * as guards from "./guards.ts";
import * as identity from "./identity.ts";
import * as header from "./map-memory.ts";
import type { MapMemory } from "./map-memory.ts";
import { tryLockShard, unlockShard } from "./lock-word.ts";

/**
 * Every slot belongs to a shard, whose lock protects it: live, on the shard's list, not used yet (FRESH to FRESH_END), or
 * in the holder's hands (INFLIGHT). The list is first in, first out:
 *
 *     HEAD -> [ FREE slots that have passed ][ WAITING, until WAITING_STAMP has ][ RESTING, removed since ] <- TAIL
 *
 * so one stamp stands for many slots, and what was removed longest ago is used first.
 *
 *     link  shard (8 bits) | next slot + 1, 0 at the end (24)
 *
 * What must stay true for a kill at any step: the list is what HEAD and the links say (the counters and TAIL are
 * recomputed); INFLIGHT names a slot before it leaves or after it joins the list; and the shard in the slot's link is
 * whose it is, changed by one store. So whoever repairs a shard knows of the slot in INFLIGHT whether it is this shard's
 * and whether it is on the list, in whatever order the shards of a dead thread are repaired.
 */
const NEXT_MASK = 0xffffff;

// Own names: see map-memory.ts.
const peek = peekWord;
const poke = pokeWord;
const { FREE, FRESH, FRESH_END, HEAD, INFLIGHT, LAST_STAMP, RESTING, RETIRED, STEALS, TAIL } = header;
const { shardAt, WAITING, WAITING_STAMP } = header;
const { hasPassed, holdsBack, holdsOldest, retire, wasSeenPassed } = guards;
const { controlAt, generationOf, isLive, MAX_GENERATION } = identity;

export function ownerShard(memory: MapMemory, slot: number): number {
  return peek(memory.words, memory.linksAt + slot) >>> 24;
}

/** Makes the slot in the holder's hands this shard's. */
function own(memory: MapMemory, shard: number, slot: number): void {
  poke(memory.words, memory.linksAt + slot, shard << 24);
}

/**
 * Takes the slot that was removed longest ago off a shard's list, into the shard's INFLIGHT.
 *
 * @returns -1 if the shard has none that has passed
 *
 * Concurrency: the shard's holder.
 */
function detachSlot(memory: MapMemory, shard: number, at: number): number {
  const { words } = memory;
  if (peek(words, at + FRESH) < peek(words, at + FRESH_END)) return detachFresh(memory, shard, at);
  const free = peek(words, at + FREE);
  if (free === 0) return admitPassed(memory, at) ? detachSlot(memory, shard, at) : -1;
  const head = peek(words, at + HEAD);
  poke(words, at + INFLIGHT, head);
  poke(words, at + HEAD, peek(words, memory.linksAt + head - 1) & NEXT_MASK);
  poke(words, at + FREE, free - 1);
  return head - 1;
}

function detachFresh(memory: MapMemory, shard: number, at: number): number {
  const { words } = memory;
  const fresh = peek(words, at + FRESH);
  own(memory, shard, fresh);
  poke(words, at + INFLIGHT, fresh + 1);
  poke(words, at + FRESH, fresh + 1);
  return fresh;
}

/** Moves the boundary between free and resting slots, if the guards have moved on. */
function admitPassed(memory: MapMemory, at: number): boolean {
  const { words } = memory;
  letWait(memory, at);
  const waiting = peek(words, at + WAITING);
  if (waiting === 0) return false;
  const stamp = peek(words, at + WAITING_STAMP);
  if (!wasSeenPassed(memory, stamp) && !hasPassed(memory, stamp)) return false;
  poke(words, at + FREE, peek(words, at + FREE) + waiting);
  poke(words, at + WAITING, 0);
  return true;
}

/** Gives what has been removed so far a stamp of its own, if nothing else waits. */
function letWait(memory: MapMemory, at: number): void {
  const { words } = memory;
  if (peek(words, at + WAITING) !== 0) return;
  poke(words, at + WAITING_STAMP, peek(words, at + LAST_STAMP));
  poke(words, at + WAITING, peek(words, at + RESTING));
  poke(words, at + RESTING, 0);
}

/** The holder takes a slot into its hands that is about to leave the index. It is this shard's from now on. */
export function holdSlot(memory: MapMemory, shard: number, at: number, slot: number): void {
  own(memory, shard, slot);
  poke(memory.words, at + INFLIGHT, slot + 1);
}

/** The holder's hands are empty: the slot is live, or on the list. */
export function releaseSlot(memory: MapMemory, at: number): void {
  poke(memory.words, at + INFLIGHT, 0);
}

/**
 * Puts the slot in the holder's hands at the end of the list, to rest until `stamp` has passed. A slot whose generations
 * are used up is retired for good instead: a handle of its first life must never meet it again.
 *
 * Concurrency: the shard's holder, after `retire` gave the stamp.
 */
export function restSlot(memory: MapMemory, shard: number, at: number, slot: number, stamp: number): void {
  if (generationOf(peek(memory.words, controlAt(memory, slot))) === MAX_GENERATION) {
    retireForGood(memory.words, at);
    return;
  }
  own(memory, shard, slot);
  if (isDueToMove(memory, at)) moveOn(memory, at);
  append(memory, shard, at, slot + 1);
  poke(memory.words, at + LAST_STAMP, stamp);
}

function retireForGood(words: Words, at: number): void {
  poke(words, at + RETIRED, peek(words, at + RETIRED) + 1);
}

function isDueToMove(memory: MapMemory, at: number): boolean {
  const { words } = memory;
  return peek(words, at + WAITING) === 0 || !holdsBack(memory, peek(words, at + WAITING_STAMP));
}

function append(memory: MapMemory, shard: number, at: number, next: number): void {
  const { words } = memory;
  if (peek(words, at + HEAD) === 0) poke(words, at + HEAD, next);
  else poke(words, memory.linksAt + peek(words, at + TAIL) - 1, (shard << 24) | next);
  poke(words, at + TAIL, next);
  poke(words, at + RESTING, peek(words, at + RESTING) + 1);
}

/** A newcomer to the list must not hold back those of earlier guards: they wait by their own stamp, or are free by now. */
function moveOn(memory: MapMemory, at: number): void {
  letWait(memory, at);
  if (!holdsBack(memory, peek(memory.words, at + WAITING_STAMP)) && admitPassed(memory, at)) {
    letWait(memory, at);
  }
}

/** Why a shard got no slot. */
const NO_SLOT_RESTING: -1 = -1;
export const NO_SLOT_BUSY: -2 = -2;

/**
 * A slot for a newcomer of this shard, in its INFLIGHT: its own, else one of another shard, else, for as long as
 * `patience.restSpins` says, whichever passes first.
 *
 * Concurrency: the shard's holder. It never waits for a lock, nor for a guard of its own thread.
 */
export function obtainSlot(memory: MapMemory, shard: number, at: number): number {
  const own = detachSlot(memory, shard, at);
  return own >= 0 ? own : obtainElsewhere(memory, shard, at);
}

function obtainElsewhere(memory: MapMemory, shard: number, at: number): number {
  let why: number = NO_SLOT_RESTING;
  for (let spin = 0; spin < memory.patience.restSpins; spin++) {
    why = NO_SLOT_RESTING;
    for (let step = 1; step <= memory.shardMask; step++) {
      const other = (shard + step) & memory.shardMask;
      if (!mayHaveSlots(memory, other)) continue;
      if (!tryLockShard(memory, other)) {
        why = NO_SLOT_BUSY;
        continue;
      }
      const slot = stealSlot(memory, shard, at, other);
      unlockShard(memory, other);
      if (slot >= 0) return slot;
    }
    const slot = detachSlot(memory, shard, at);
    if (slot >= 0) return slot;
    if (why === NO_SLOT_RESTING && holdsOldest(memory)) break;
    pause();
  }
  return why;
}

/** A hint, read without the lock. */
function mayHaveSlots(memory: MapMemory, shard: number): boolean {
  const { words } = memory;
  const at = shardAt(memory, shard);
  return peek(words, at + FRESH) < peek(words, at + FRESH_END) || peek(words, at + HEAD) !== 0;
}

/**
 * Moves a slot from one shard to another; both locks are held. Until the store in the middle it is the other's, in whose
 * INFLIGHT it stands; from then on it is ours, in whose INFLIGHT it stands, too.
 */
function stealSlot(memory: MapMemory, shard: number, at: number, other: number): number {
  const { words } = memory;
  const otherAt = shardAt(memory, other);
  const slot = detachSlot(memory, other, otherAt);
  if (slot < 0) return -1;
  poke(words, at + INFLIGHT, slot + 1);
  own(memory, shard, slot);
  releaseSlot(memory, otherAt);
  poke(words, at + STEALS, peek(words, at + STEALS) + 1);
  return slot;
}

/**
 * Recomputes the list's counters from its links, and puts the slot that a dead holder had in its hands where it belongs.
 *
 * Concurrency: whoever took the shard's lock over.
 */
export function repairSlots(memory: MapMemory, shard: number): void {
  const { words, linksAt } = memory;
  const at = shardAt(memory, shard);
  const inflight = peek(words, at + INFLIGHT) - 1;
  let length = 0;
  let last = 0;
  let listed = inflight >= peek(words, at + FRESH) && inflight < peek(words, at + FRESH_END);
  for (let next = peek(words, at + HEAD); next !== 0 && length <= memory.shape.slots; length++) {
    listed ||= next === inflight + 1;
    last = next;
    next = peek(words, linksAt + next - 1) & NEXT_MASK;
  }
  const stamp = retire(memory);
  poke(words, at + TAIL, last);
  poke(words, at + FREE, 0);
  poke(words, at + WAITING, 0);
  poke(words, at + RESTING, length);
  poke(words, at + LAST_STAMP, stamp);
  if (inflight < 0 || listed || ownerShard(memory, inflight) !== shard || isLive(memory, inflight)) return;
  restSlot(memory, shard, at, inflight, stamp);
}
