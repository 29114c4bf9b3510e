import type { SectionPlan } from "@udp-relay/atomics-layout";
import { load, store } from "@udp-relay/atomics-layout/memory";
import type { TableMemory } from "./table-memory.ts";
import { sinceMs } from "./tick-distance.ts";

/*
 * A client may look silent only because the thread that receives from it is late: its datagrams are queued. So nothing
 * expires whose last receiver is more than half the timeout behind, by its beat. A receiver that is gone left a queue,
 * too, which its successor drains; until it says so, or for one timeout, the clients of the departed do not expire.
 *
 *     departures, 4 words an owner entry:  0 owner id  1 tick it was first missed at (a pair)  2 drained: owner id
 *                                          3 thread id + 1
 */
const DEPARTURE_WORDS = 4;
const DRAINED = 2;
const THREAD = 3;

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
  const at = departureAt(memory, receiver);
  for (;;) {
    const noted = memory.ops.loadPair(at * 4);
    const tick = memory.ops.pairHigh();
    if (noted === receiver) {
      return load(memory.words, at + DRAINED) !== receiver && sinceMs(now, tick) < settings.timeoutMs;
    }
    // A later owner of the same entry has gone since: this one went long ago. Epochs stand above the index.
    if ((noted - receiver) << 2 > 0) return false;
    if (memory.ops.casPair(at * 4, noted, tick, receiver, now) === 1) return true;
  }
}

/**
 * Writes down that an owner is gone, whose thread had that id.
 *
 * Concurrency: the owner itself before it releases, or whoever repairs after its death; again and again if need be.
 */
export function noteDeparture(memory: TableMemory, ownerId: number, threadId: number, now: number): void {
  const at = departureAt(memory, ownerId);
  store(memory.words, at + THREAD, threadId + 1);
  const noted = memory.ops.loadPair(at * 4);
  const tick = memory.ops.pairHigh();
  if (noted !== ownerId) memory.ops.casPair(at * 4, noted, tick, ownerId, now);
}

/** Says that what the departed of a thread, or all departed, had queued was drained. Concurrency: any thread. */
export function noteDrained(memory: TableMemory, owners: number, threadId: number | undefined): void {
  for (let index = 0; index < owners; index++) {
    const at = memory.departuresAt + index * DEPARTURE_WORDS;
    if (threadId !== undefined && load(memory.words, at + THREAD) !== threadId + 1) continue;
    store(memory.words, at + DRAINED, load(memory.words, at));
  }
}
