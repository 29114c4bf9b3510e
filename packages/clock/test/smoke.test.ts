import { CoarseClock, elapsedMs, ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";

describe("a coarse clock", () => {
  it("is right at its first read, without an update", () => {
    using clock = new CoarseClock();
    expect(Math.abs(clock.recentMs() - performance.now())).toBeLessThan(1000);
    expect(Math.abs(clock.unixMs(clock.recentMs()) - Date.now())).toBeLessThan(1000);
  });

  it("stands still until somebody updates it, and says so", () => {
    using clock = new CoarseClock();
    const tick = clock.recentMs();
    const until = clock.nowMs() + 5;
    while (clock.nowMs() < until);
    expect(clock.recentMs()).toBe(tick);
    expect(clock.stalenessMs()).toBeGreaterThanOrEqual(5);
    const beforeMs = clock.nowMs();
    expect(elapsedMs(clock.update(), tick)).toBeGreaterThanOrEqual(5);
    const stalenessMs = clock.stalenessMs();
    expect(stalenessMs).toBeLessThanOrEqual(clock.nowMs() - beforeMs);
  });
});

describe("a manual clock", () => {
  it("passes the time it is told to", () => {
    const clock = new ManualClock({ unixOriginMs: 1_000_000 });
    expect(clock.advance(1500.25)).toBe(1500);
    expect(clock.recentMicros()).toBe(1_500_250);
    expect(clock.unixMs(clock.recentMs())).toBe(1_001_500);
    clock.stall(250);
    expect([clock.recentMs(), clock.stalenessMs()]).toEqual([1500, 250]);
  });
});
