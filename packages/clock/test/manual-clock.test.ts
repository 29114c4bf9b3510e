import { type Clock, ManualClock, type TickingClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { codeOf } from "./error-code.ts";

describe("a manual clock", () => {
  it("is a clock with its tickers", () => {
    using clock: TickingClock = new ManualClock({ startMs: 10 });
    const turn: Clock = clock.oncePerTurn();
    using ticker = clock.startTicker({ intervalMs: 1 });
    expect([clock.recentMs(), turn.recentMs(), ticker.running]).toEqual([10, 10, true]);
    ticker.stop();
    expect(ticker.running).toBe(false);
    const abort = new AbortController();
    const aborted = clock.startTicker({ signal: abort.signal });
    expect(aborted.running).toBe(true);
    abort.abort();
    expect(aborted.running).toBe(false);
  });

  it("goes stale when time passes without an update", () => {
    const clock = new ManualClock();
    clock.stall(35_000);
    expect([clock.recentMs(), clock.nowMs(), clock.stalenessMs()]).toEqual([0, 35_000, 35_000]);
    expect(clock.update()).toBe(35_000);
    expect(clock.stalenessMs()).toBe(0);
  });

  it("wraps like the real one", () => {
    const clock = new ManualClock({ startMs: 2 ** 32 - 1, unixOriginMs: 5 });
    const before = clock.recentMs();
    expect(before).toBe(0xffff_ffff);
    expect(clock.advance(2)).toBe(1);
    expect(clock.nowMs()).toBe(2 ** 32 + 1);
    expect(clock.recentMicros()).toBe(((2 ** 32 + 1) * 1000) % 2 ** 32);
    expect(clock.unixMs(before)).toBe(2 ** 32 + 4);
  });

  it("lets the wall clock be set without time passing", () => {
    const clock = new ManualClock({ startMs: 1000 });
    clock.setWallClock(1_700_000_000_000);
    expect(clock.unixMs(clock.recentMs())).toBe(1_700_000_000_000);
    expect(clock.unixMs(400)).toBe(1_699_999_999_400);
    expect([clock.nowMs(), clock.stalenessMs()]).toEqual([1000, 0]);
  });

  it("refuses times that are none", () => {
    const clock = new ManualClock();
    for (const ms of [-1, NaN, Infinity]) {
      expect(codeOf(() => clock.advance(ms))).toBe("ERR_CLOCK_TIME");
      expect(codeOf(() => clock.stall(ms))).toBe("ERR_CLOCK_TIME");
      expect(codeOf(() => clock.setWallClock(ms))).toBe("ERR_CLOCK_TIME");
      expect(codeOf(() => new ManualClock({ startMs: ms }))).toBe("ERR_CLOCK_TIME");
      expect(codeOf(() => new ManualClock({ unixOriginMs: ms }))).toBe("ERR_CLOCK_TIME");
    }
  });
});
