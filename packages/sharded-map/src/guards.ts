import {
  compareExchange,
  load,
  peek as peekWord,
  poke as pokeWord,
  store,
} from "@udp-relay/atomics-layout/memory";
import { GUARD_WORDS } from "./map-plan.ts";
import type { MapMemory } from "./map-memory.ts";
import { forgetTickets } from "./tickets.ts";

/**
 * Epochs decide when what was taken out of the index may be used again: a removed slot, or the segment that a rebuild
 * replaced.
 *
 * The epoch is odd and every retirement advances it by two. A guard publishes the epoch it entered at, 0 says that the
 * thread is in none. What was retired with stamp S (the epoch before its own advance) has passed once every published
 * epoch is later than S:
 *
 * - A guard that could have found it read the epoch before the advance, so it publishes S or something earlier.
 *   (A thread that read the epoch long before it publishes it only looks older than it is.)
 * - A guard that is published after the scan below comes after the retirement, too: its fence stands between its
 *   publication and its first read, ours between the retirement and the scan, so that it finds the index without it.
 *
 * Stamps and epochs are compared by their age, modulo 2^32. A standing guard is never that old: every epoch needs
 * something that has passed since (a slot, a segment, a key's copy), so the epochs that begin during one guard are fewer
 * than 2^27. What rests for 2^32 epochs looks young again, and at worst rests a little longer.
 */
// Own names: see map-memory.ts.
const peek = peekWord;
const poke = pokeWord;

const EPOCH = 0;
const OWNER = 1;
/** How many guards this thread has entered: by it another thread tells one long guard from many short ones. */
const ENTRIES = 2;

/** Shows this thread's guards to the others, for as long as it is attached. Concurrency: the thread. */
export function openGuards(memory: MapMemory, ownerIndex: number): void {
  const { words, guardAt, ownersHighAt } = memory;
  poke(words, guardAt + EPOCH, 0);
  poke(words, guardAt + OWNER, memory.ownerId);
  for (let high = load(words, ownersHighAt); high <= ownerIndex;) {
    const found = compareExchange(words, ownersHighAt, high, ownerIndex + 1);
    if (found === high) break;
    high = found;
  }
}

/** Concurrency: the thread, outside its guards; no wait. */
export function enterGuard(memory: MapMemory): void {
  const { words, guardAt } = memory;
  poke(words, guardAt + ENTRIES, peek(words, guardAt + ENTRIES) + 1);
  poke(words, guardAt + EPOCH, peek(words, memory.epochAt));
  memory.ops.fence();
  forgetLook(memory);
  forgetTickets(memory);
}

/** Concurrency: the thread, in its guard. The atomic store keeps the guard's plain reads before it. */
export function leaveGuard(memory: MapMemory): void {
  memory.ops.store32((memory.guardAt + EPOCH) << 2, 0);
}

/** The stamp for what was just taken out of the index. Concurrency: any thread; everything it wrote before is visible. */
export function retire(memory: MapMemory): number {
  return memory.ops.add32(memory.epochAt << 2, 2);
}

/**
 * Whether everybody has left the guards in which something retired with that stamp could have been found.
 *
 * Concurrency: any thread that holds the lock under which the stamp was written; reads one word an attached owner.
 */
export function hasPassed(memory: MapMemory, stamp: number): boolean {
  const epoch = memory.ops.load32(memory.epochAt << 2);
  memory.ops.fence();
  memory.oldestGuard = oldestGuard(memory, epoch);
  return (epoch - stamp) >>> 0 > (epoch - memory.oldestGuard) >>> 0;
}

/**
 * Whether this thread's last look, in the guard that it is in, has shown what was retired with that stamp to have passed:
 * that stays so, and costs nothing to know. (What the look did not see passed may have since.)
 *
 * Concurrency: the thread, in its guard: before 2^31 epochs have begun since the look.
 */
export function wasSeenPassed(memory: MapMemory, stamp: number): boolean {
  const { oldestGuard } = memory;
  return oldestGuard !== NO_LOOK && ((oldestGuard - stamp) | 0) > 0;
}

/** No epoch: those are odd. */
const NO_LOOK = 0;

function forgetLook(memory: MapMemory): void {
  memory.oldestGuard = NO_LOOK;
}

/** The earliest epoch that a guard entered at, `epoch` if nobody is in one that began before it. */
function oldestGuard(memory: MapMemory, epoch: number): number {
  const { ops, guardsAt } = memory;
  let oldest = epoch;
  const owners = ops.load32(memory.ownersHighAt << 2);
  for (let index = 0; index < owners; index++) {
    const at = guardsAt + index * GUARD_WORDS;
    const entered = ops.load32((at + EPOCH) << 2);
    if (entered !== 0 && ((oldest - entered) | 0) > 0 && !isLeftOver(memory, at)) oldest = entered;
  }
  return oldest;
}

/** A guard whose thread was declared dead ends with it, whether or not its repair ran. */
function isLeftOver(memory: MapMemory, at: number): boolean {
  return !memory.region.isOwnerAlive(peek(memory.words, at + OWNER));
}

/** Concurrency: whoever repairs the dead owner. */
export function clearGuard(memory: MapMemory, ownerIndex: number): void {
  store(memory.words, memory.guardsAt + ownerIndex * GUARD_WORDS + EPOCH, 0);
}

/** What the guard of an owner looks like from outside. Concurrency: any thread. */
export function guardEntries(memory: MapMemory, ownerIndex: number): number {
  const at = memory.guardsAt + ownerIndex * GUARD_WORDS;
  return load(memory.words, at + EPOCH) === 0 ? 0 : load(memory.words, at + ENTRIES);
}

/**
 * Whether this thread's own guard holds back what was retired with that stamp, so that `hasPassed` need not look at the
 * others. (A stamp of 2^31 epochs ago may look held back: that slot is admitted by the next insert instead.)
 *
 * Concurrency: the thread; reads its own word.
 */
export function holdsBack(memory: MapMemory, stamp: number): boolean {
  const entered = peek(memory.words, memory.guardAt + EPOCH);
  return entered !== 0 && ((entered - stamp) | 0) <= 0;
}

/** Whether this thread's own guard is what holds the oldest resting slots. Concurrency: the thread. */
export function holdsOldest(memory: MapMemory): boolean {
  return peek(memory.words, memory.guardAt + EPOCH) === memory.oldestGuard;
}
