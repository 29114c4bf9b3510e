import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { CoarseClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { aheadFor, shiftedClock } from "./shifted-clock.ts";
import { race, type RaceReport } from "./threads/racing-worker.ts";
import { sibling } from "./threads/sibling.ts";

const script = sibling("threads/racing-worker", import.meta.url);
/** When a clock wraps after it was created: time to attach. The race goes on a while longer. */
const WRAP_AFTER_MS = 350;
const RACE_ON_MS = 150;

/** Bun's threads know each other's clocks to within this much; Node's share one. */
const skewed = "Bun" in globalThis;

/** The clock is created once all threads are there: it is to wrap while they race. */
async function raceOf(workers: number, ms: number, create: () => CoarseClock): Promise<RaceReport[]> {
  const start = new Int32Array(new SharedArrayBuffer(4));
  const started = Array.from({ length: workers }, () => new Worker(script, { workerData: { ms, start } }));
  await Promise.all(started.map((worker) => once(worker, "online")));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const exits = started.map((worker) => once(worker, "exit"));
  const attached = started.map((worker) => once(worker, "message"));
  using clock = create();
  for (const worker of started) worker.postMessage(clock.shared);
  await Promise.all(attached);
  const others = started.map((worker) => once(worker, "message"));
  Atomics.store(start, 0, 1);
  Atomics.notify(start, 0);
  const own = race(clock, ms);
  const reports = await Promise.all(others.map(async (message) => ((await message) as [RaceReport])[0]));
  await Promise.all(exits);
  return [own, ...reports];
}

describe("four threads that all update and read one clock", () => {
  const cases: [string, (wrapAfterMs: number) => CoarseClock, "tickWraps" | "microsWraps" | undefined][] = [
    ["from its beginning", () => shiftedClock(0), undefined],
    ["while the tick wraps", (ms) => shiftedClock(aheadFor(2 ** 32, ms)), "tickWraps"],
    ["while the microseconds wrap", (ms) => shiftedClock(aheadFor(2 ** 32 / 1000, ms)), "microsWraps"],
  ];
  it.each(cases)(
    "never see it go backwards, %s",
    async (_, create, wraps) => {
      let wrapsSeen = 0;
      // On a busy machine the wrap may be over before the race has begun: then it is run again, with more time.
      for (let attempt = 0; attempt < 5 && (attempt === 0 || wrapsSeen === 0); attempt++) {
        const wrapAfterMs = WRAP_AFTER_MS * 2 ** attempt;
        const reports = await raceOf(3, wrapAfterMs + RACE_ON_MS, () => create(wrapAfterMs));
        expect(reports).toHaveLength(4);
        for (const report of reports) {
          expect(report.reads).toBeGreaterThan(100);
          expect([report.ticksBack, report.microsBack]).toEqual([0, 0]);
          if (!skewed) expect(report.behindOwnUpdate).toBe(0);
          wrapsSeen += wraps === undefined ? 1 : report[wraps];
        }
        // The race took place: threads saw each other's updates between their own.
        expect(reports.reduce((sum, report) => sum + report.changesByOthers, 0)).toBeGreaterThan(0);
      }
      expect(wrapsSeen).toBeGreaterThan(0);
    },
    60_000,
  );
});
