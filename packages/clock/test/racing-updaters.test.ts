import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { CoarseClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { aheadFor, shiftedClock } from "./shifted-clock.ts";
import { race, type RaceReport } from "./threads/racing-worker.ts";

const script = new URL("./threads/racing-worker.ts", import.meta.url);
const RACE_MS = 400;

/** Bun's threads know each other's clocks to within this much; Node's share one. */
const skewed = "Bun" in globalThis;

async function raceOf(workers: number, clock: CoarseClock): Promise<RaceReport[]> {
  const start = new Int32Array(new SharedArrayBuffer(4));
  const started = Array.from({ length: workers }, () => {
    const worker = new Worker(script, { workerData: { handle: clock.handle, ms: RACE_MS, start } });
    return { online: once(worker, "online"), report: once(worker, "message"), exit: once(worker, "exit") };
  });
  await Promise.all(started.map(({ online }) => online));
  await new Promise((resolve) => setTimeout(resolve, 50));
  Atomics.store(start, 0, 1);
  Atomics.notify(start, 0);
  const own = race(clock, RACE_MS);
  const reports = await Promise.all(started.map(async ({ report }) => ((await report) as [RaceReport])[0]));
  await Promise.all(started.map(({ exit }) => exit));
  return [own, ...reports];
}

describe("four threads that all update and read one clock", () => {
  const cases: [string, () => CoarseClock][] = [
    ["from its beginning", () => shiftedClock(0)],
    ["while the tick wraps", () => shiftedClock(aheadFor(2 ** 32, 350))],
    ["while the microseconds wrap", () => shiftedClock(aheadFor(2 ** 32 / 1000, 350))],
  ];
  it.each(cases)("never see it go backwards, %s", async (_, create) => {
    using clock = create();
    const reports = await raceOf(3, clock);
    expect(reports).toHaveLength(4);
    for (const report of reports) {
      expect(report.reads).toBeGreaterThan(100);
      expect([report.ticksBack, report.microsBack]).toEqual([0, 0]);
      if (!skewed) expect(report.behindOwnUpdate).toBe(0);
    }
    // The race took place: threads saw each other's updates between their own.
    expect(reports.reduce((sum, report) => sum + report.changesByOthers, 0)).toBeGreaterThan(0);
  });
});
