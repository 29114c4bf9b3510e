import { expect } from "vitest";
import { type FaultReport, faults, QUEUE_DATAGRAMS, TIMES_EACH } from "./scenario.ts";

/** Each error is counted by its reason, no other datagram is lost, and congestion costs the worst class alone. */
export function judgeFaults({ errorsDelivered, errorsOffered, errorStats, congestions }: FaultReport): void {
  expect(errorsDelivered).toBe(errorsOffered);
  const drops: Record<string, number> = {};
  for (const [, , reason] of faults) drops[reason] = (drops[reason] ?? 0) + TIMES_EACH;
  expect(errorStats.drops).toEqual(drops);

  expect(congestions.length).toBe(2);
  for (const { stats, deliveredByClass, offeredByClass, inOrderByClass } of congestions) {
    expect(inOrderByClass).toBe(true);
    expect(deliveredByClass[0]).toBe(offeredByClass[0]);
    expect(stats.queueFullByClass).toEqual([0, 0, 0, 0, 0, stats.drops.queueFull, 0, 0]);
    expect(deliveredByClass[5]! + stats.drops.queueFull!).toBe(offeredByClass[5]);
    expect(stats.sentDatagrams).toBeGreaterThanOrEqual(QUEUE_DATAGRAMS);
    expect(stats.queuedDatagrams).toBe(0);
  }
}
