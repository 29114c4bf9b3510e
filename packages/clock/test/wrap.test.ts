import { CoarseClock, elapsedMs } from "@udp-relay/clock";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aheadFor, shiftedClock } from "./shifted-clock.ts";

const TWO_32 = 2 ** 32;

function runFor(ms: number, clock: CoarseClock, check: () => void): void {
  const until = clock.nowMs() + ms;
  let over = false;
  // The last update is made after the time is up, wherever this thread was interrupted.
  while (!over) {
    over = clock.nowMs() >= until;
    clock.update();
    check();
  }
}

/** A clock that will be at `momentMs` in so long: another one where this thread was held up for that long meanwhile. */
function clockBefore(momentMs: number, leadMs: number): CoarseClock {
  for (;;) {
    const clock = shiftedClock(aheadFor(momentMs, leadMs));
    if (clock.nowMs() < momentMs - leadMs / 2) return clock;
    clock[Symbol.dispose]();
  }
}

describe("a clock across its wraps", () => {
  it("counts on when the tick wraps after 49.7 days", () => {
    using clock = clockBefore(TWO_32, 20);
    let last = clock.update();
    const first = last;
    const unixAtFirst = clock.unixMs(first);
    let backwards = 0;
    runFor(40, clock, () => {
      const tick = clock.recentMs();
      if (((tick - last) | 0) < 0) backwards++;
      last = tick;
    });
    expect(backwards).toBe(0);
    expect(last).toBeLessThan(1000);
    expect(elapsedMs(last, first)).toBeGreaterThanOrEqual(39);
    expect(clock.stalenessMs()).toBeLessThan(1000);
    expect(clock.unixMs(last) - unixAtFirst).toBe(elapsedMs(last, first));
    expect(clock.nowMs()).toBeGreaterThan(TWO_32);
  });

  it("counts on when the microseconds wrap after 71.6 minutes", () => {
    using clock = shiftedClock(aheadFor(TWO_32 / 1000, 10));
    let last = clock.recentMicros();
    let backwards = 0;
    runFor(20, clock, () => {
      const micros = clock.recentMicros();
      if (((micros - last) | 0) < 0) backwards++;
      last = micros;
    });
    expect(backwards).toBe(0);
    expect(last).toBeLessThan(1_000_000);
  });

  it("is right at the first update, however long nobody made one", () => {
    // What is left in the cell is anything at all, but for the second that it may be ahead by.
    const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const buffer = new SharedArrayBuffer(64);
    using clock = new CoarseClock({ buffer });
    const words = new Int32Array(buffer);
    fc.assert(
      fc.property(word, word, (tick, micros) => {
        const nowMs = clock.nowMs();
        fc.pre((tick - (nowMs >>> 0)) >>> 0 > 5000 && (micros - ((nowMs * 1000) >>> 0)) >>> 0 > 5_000_000);
        words[0] = tick;
        words[1] = micros;
        clock.update();
        expect(elapsedMs(clock.recentMs(), nowMs >>> 0)).toBeLessThan(1000);
        expect(clock.stalenessMs()).toBeLessThan(1000);
        expect((clock.recentMicros() - ((nowMs * 1000) >>> 0)) | 0).toBeLessThan(1_000_000);
      }),
      { numRuns: 2000, interruptAfterTimeLimit: 5000, markInterruptAsFailure: true },
    );
  });

  it("stands still, and does not go back, when the cell is ahead by a thread's skew", () => {
    const buffer = new SharedArrayBuffer(64);
    using clock = new CoarseClock({ buffer });
    const words = new Int32Array(buffer);
    const tick = (clock.nowMs() + 500) >>> 0;
    words[0] = tick;
    expect(clock.update()).toBe(tick);
    expect(clock.recentMs()).toBe(tick);
    expect(clock.stalenessMs()).toBeLessThan(500);
  });
});
