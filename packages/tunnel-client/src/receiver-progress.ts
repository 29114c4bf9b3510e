import type { SectionPlan } from "@udp-relay/atomics-layout";
import { load, store } from "@udp-relay/atomics-layout/memory";
import type { TableMemory } from "./table-memory.ts";
import { sinceMs } from "./tick-distance.ts";

/*
 * A client may look silent only because the thread that receives from it is late: its datagrams are queued. So nothing
 * expires whose last receiver is more than half the timeout behind, by its beat. A receiver that is gone left a queue,
 * too, which its successor drains; until it says so, or for one timeout, the clients of the departed do not expire.
 *
 *     departures, 6 words an owner entry:  0 owner id  1 tick it was first missed at      a pair, changed by CAS
 *                                          2 owner id  3 id of its thread + 1             a pair
 *                                          4 drained: owner id  5 silence that is enough for its clients, ms; 0: the timeout
 */
const DEPARTURE_WORDS = 6;
const WHO = 2;
const DRAINED = 4;
const SILENCE = 5;

export function departuresSection(owners: number): SectionPlan {
  return { name: "departures", byteLength: owners * DEPARTURE_WORDS * 4 };
}

function departureAt(memory: TableMemory, ownerId: number): number {
  return memory.departuresAt + (ownerId & 0xff) * DEPARTURE_WORDS;
}

/**
 * Whether a client must not expire because of what its last receiver may still have queued.
 *
 * Concurrency: any thread; never waits. Writes down a departure that nobody has noticed before.
 */
export function holdsBack(memory: TableMemory, receiver: number, now: number): boolean {
  const { region, settings } = memory;
  if (region.isOwnerAlive(receiver)) {
    const beat = region.ownerLastSeenTick(receiver);
    if (region.isOwnerAlive(receiver)) return sinceMs(now, beat) > settings.timeoutMs / 2;
  }
  const missed = missedAt(memory, receiver, now);
  if (missed === undefined || sinceMs(now, missed) >= settings.timeoutMs) return false;
  return load(memory.words, departureAt(memory, receiver) + DRAINED) !== receiver;
}

/** The tick at which a departed owner was first missed: now, if it was not before. Undefined: it went long ago. */
function missedAt(memory: TableMemory, ownerId: number, now: number): number | undefined {
  const at = departureAt(memory, ownerId);
  for (;;) {
    const noted = memory.ops.loadPair(at * 4);
    const tick = memory.ops.pairHigh();
    if (noted === ownerId) return tick;
    // A later owner of the same entry has gone since. Epochs stand above the index.
    if ((noted - ownerId) << 2 > 0) return undefined;
    if (memory.ops.casPair(at * 4, noted, tick, ownerId, now) === 1) return now;
  }
}

/**
 * Writes down that an owner is gone, whose thread had that id.
 *
 * Concurrency: the owner itself before it releases, or whoever repairs after its death; again and again if need be.
 */
export function noteDeparture(memory: TableMemory, ownerId: number, threadId: number, now: number): void {
  memory.ops.storePair((departureAt(memory, ownerId) + WHO) * 4, ownerId, threadId + 1);
  missedAt(memory, ownerId, now);
}

/**
 * How long a client has to be silent, in ms, whose last receiver is gone and drained, if that is said; else Infinity.
 *
 * Concurrency: any thread; never waits.
 */
export function enoughSilence({ region, words, departuresAt }: TableMemory, receiver: number): number {
  if (region.isOwnerAlive(receiver)) return Infinity;
  const at = departuresAt + (receiver & 0xff) * DEPARTURE_WORDS;
  if (load(words, at + DRAINED) !== receiver) return Infinity;
  return load(words, at + SILENCE) || Infinity;
}

/**
 * Says that what the departed of a thread, or all departed, had queued was drained.
 *
 * @param silenceMs after which their clients may go, 0 for the timeout
 *
 * Concurrency: any thread.
 */
export function noteDrained(
  memory: TableMemory,
  owners: number,
  threadId: number | undefined,
  silenceMs: number,
): void {
  const { words, ops } = memory;
  for (let index = 0; index < owners; index++) {
    const at = memory.departuresAt + index * DEPARTURE_WORDS;
    const noted = load(words, at);
    if (threadId !== undefined) {
      // The thread may be that of the entry's owner before, or of one that is about to be noted.
      const who = ops.loadPair((at + WHO) * 4);
      if (who !== noted || ops.pairHigh() !== threadId + 1) continue;
    }
    // Whoever finds the owner drained finds how long is enough.
    store(words, at + SILENCE, silenceMs);
    store(words, at + DRAINED, noted);
  }
}
