import { compareExchange, peek } from "@udp-relay/atomics-layout/memory";
import { LAST_TICK } from "./client-record.ts";
import { countEvent, FUTURE_STAMPS } from "./table-counters.ts";
import { OWNER_LABEL, type TableMemory } from "./table-memory.ts";
import { isFuture, TICK_SKEW_MS } from "./tick-distance.ts";

/**
 * Whether a stamp far ahead of this thread's tick came from the future, and is to be set right; counts it. The other way
 * to see such a stamp is to be late: a thread that stood still in a batch meets what others wrote since. So a stamp is
 * only taken for one of the future if no living thread has shown a tick like it.
 *
 * Concurrency: any thread; reads the owners' table, but only in a case that is none in normal running.
 */
export function mendTick(memory: TableMemory, now: number, stamp: number): boolean {
  for (const { id, state, label, lastSeenTick } of memory.region.owners()) {
    if (state !== "live" || label !== OWNER_LABEL || id === memory.ownerId) continue;
    if (isFuture(now, lastSeenTick) && ((stamp - lastSeenTick) | 0) <= TICK_SKEW_MS) return false;
  }
  countEvent(memory, FUTURE_STAMPS);
  return true;
}

/**
 * Sets a line's last tick right if it is of the future: the client would not time out before it.
 *
 * Concurrency: any thread; never waits.
 */
export function mendLastTick(memory: TableMemory, line: number, now: number): void {
  const stamp = peek(memory.words, line + LAST_TICK);
  if (!isFuture(now, stamp) || !mendTick(memory, now, stamp)) return;
  compareExchange(memory.words, line + LAST_TICK, stamp, now);
}
