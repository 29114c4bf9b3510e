import type { Endpoint } from "@udp-relay/address-validation";
import { peek } from "@udp-relay/atomics-layout/memory";
import { priorityOf, readMeasured } from "./client-metrics.ts";
import { JITTER, LAST_TICK, LATENCY, LOSS } from "./client-record.ts";
import type { ClientSnapshot } from "./client-snapshot.ts";
import { type ClientTotals, readTotals } from "./client-totals.ts";
import { rateAt } from "./rate-estimator.ts";
import { receiveLine, sendLine, type TableMemory } from "./table-memory.ts";
import { sinceMs } from "./tick-distance.ts";

const totals: ClientTotals = {
  packetsReceived: 0,
  bytesReceived: 0,
  packetsSent: 0,
  bytesSent: 0,
  startTick: 0,
};

/**
 * Everything that a slot's record says, as a new object.
 *
 * Concurrency: in a guard; never waits. Each field is exact; packets and bytes may differ by the updates in flight.
 */
export function readSnapshot(
  memory: TableMemory,
  slot: number,
  handle: number,
  id: number | undefined,
  endpoint: Endpoint,
  now: number,
): ClientSnapshot {
  const { settings } = memory;
  readTotals(memory, slot, totals);
  const bytesPerSecondIn = rateAt(memory, receiveLine(memory, slot), now);
  const bytesPerSecondOut = rateAt(memory, sendLine(memory, slot), now);
  const idleMs = sinceMs(now, peek(memory.words, receiveLine(memory, slot) + LAST_TICK));
  return {
    handle,
    id,
    endpoint,
    packetsReceived: totals.packetsReceived,
    bytesReceived: totals.bytesReceived,
    packetsSent: totals.packetsSent,
    bytesSent: totals.bytesSent,
    bytesPerSecondIn,
    bytesPerSecondOut,
    latencyMs: readMeasured(memory, slot, LATENCY),
    lossPerMille: readMeasured(memory, slot, LOSS),
    jitterMs: readMeasured(memory, slot, JITTER),
    priority: priorityOf(memory, slot, now),
    isSlow: bytesPerSecondIn + bytesPerSecondOut < settings.slowBytesPerSecond,
    isTimedOut: idleMs >= settings.timeoutMs,
    idleMs,
    ageMs: sinceMs(now, totals.startTick),
  };
}
