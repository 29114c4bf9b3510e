import { CoarseClock, ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { codeOf } from "./error-code.ts";

const turnsFor = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("a ticker on the event loop", () => {
  it("keeps the clock up to date until it is stopped", async () => {
    using clock = new CoarseClock();
    const ticker = clock.startTicker({ intervalMs: 1 });
    const tick = clock.recentMs();
    await turnsFor(30);
    expect((clock.recentMs() - tick) | 0).toBeGreaterThan(10);
    expect(ticker.running).toBe(true);
    ticker.stop();
    ticker.stop();
    expect(ticker.running).toBe(false);
    const stoppedAt = clock.recentMs();
    await turnsFor(15);
    expect(clock.recentMs()).toBe(stoppedAt);
    expect(clock.stalenessMs()).toBeGreaterThan(10);
  });

  it("stops by its signal, by its own disposal and by the clock's", () => {
    const clock = new CoarseClock();
    const abort = new AbortController();
    const aborted = clock.startTicker({ intervalMs: 5, signal: abort.signal });
    const never = clock.startTicker({ intervalMs: 5, signal: AbortSignal.abort() });
    const last = clock.startTicker({ intervalMs: 5 });
    {
      using scoped = clock.startTicker({ intervalMs: 5 });
      expect(scoped.running).toBe(true);
      scoped[Symbol.dispose]();
      expect(scoped.running).toBe(false);
    }
    expect([aborted.running, never.running, last.running]).toEqual([true, false, true]);
    abort.abort();
    expect([aborted.running, last.running]).toEqual([false, true]);
    clock[Symbol.dispose]();
    expect(last.running).toBe(false);
  });

  it("reports a stall of the loop that runs it", async () => {
    using clock = new CoarseClock();
    clock.startTicker({ intervalMs: 1 });
    await turnsFor(5);
    const until = clock.nowMs() + 60;
    while (clock.nowMs() < until);
    expect(clock.stalenessMs()).toBeGreaterThanOrEqual(60);
    for (let turn = 0; clock.stalenessMs() >= 30 && turn < 200; turn++) await turnsFor(5);
    expect(clock.stalenessMs()).toBeLessThan(30);
  });

  it("refuses an interval that is no time", () => {
    using clock = new CoarseClock();
    using manual = new ManualClock();
    for (const intervalMs of [-1, 0, 0.5, NaN, Infinity, -Infinity, 2 ** 31, "1", null]) {
      const options = { intervalMs: intervalMs as number };
      expect(codeOf(() => clock.startTicker(options))).toBe("ERR_CLOCK_INTERVAL");
      expect(codeOf(() => clock.startTickerThread(options))).toBe("ERR_CLOCK_INTERVAL");
      expect(codeOf(() => manual.startTicker(options))).toBe("ERR_CLOCK_INTERVAL");
    }
    expect(clock.startTicker().intervalMs).toBe(1);
  });

  it("cannot be started on a disposed clock, which can still be read", () => {
    const clock = new CoarseClock();
    clock[Symbol.dispose]();
    expect(codeOf(() => clock.startTicker())).toBe("ERR_CLOCK_DISPOSED");
    expect(codeOf(() => clock.startTickerThread())).toBe("ERR_CLOCK_DISPOSED");
    expect(codeOf(() => clock.oncePerTurn())).toBe("ERR_CLOCK_DISPOSED");
    expect(clock.update()).toBe(clock.recentMs());
  });
});
