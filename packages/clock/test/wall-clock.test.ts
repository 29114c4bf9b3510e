import { CoarseClock } from "@udp-relay/clock";
import { afterEach, describe, expect, it } from "vitest";

const realNow = Date.now;
afterEach(() => {
  Date.now = realNow;
});
function setWallClock(byMs: number): void {
  Date.now = () => realNow() + byMs;
}
const HOUR = 3_600_000;

describe("the wall clock set by an hour", () => {
  for (const byMs of [HOUR, -HOUR]) {
    it(`moves nothing but unixMs (${byMs / HOUR} h)`, () => {
      using clock = new CoarseClock();
      const tick = clock.update();
      const nowMs = clock.nowMs();
      const unixMs = clock.unixMs(tick);
      expect(Math.abs(unixMs - realNow())).toBeLessThan(1000);

      setWallClock(byMs);
      expect(clock.nowMs() - nowMs).toBeLessThan(1000);
      expect((clock.update() - tick) | 0).toBeLessThan(1000);
      expect(clock.stalenessMs()).toBeLessThan(1000);
      expect(Math.abs(clock.unixMs(tick) - (unixMs + byMs))).toBeLessThanOrEqual(2);

      setWallClock(0);
      expect(Math.abs(clock.unixMs(tick) - unixMs)).toBeLessThanOrEqual(2);
    });
  }

  it("does not separate threads that attach after it from those before", () => {
    using clock = new CoarseClock();
    setWallClock(HOUR);
    using late = CoarseClock.attach(clock.shared);
    const before = clock.nowMs();
    const between = late.nowMs();
    expect(between).toBeGreaterThan(before - 2);
    expect(between).toBeLessThan(clock.nowMs() + 2);
  });
});

describe("unixMs", () => {
  it("gives the same for a tick however often it is asked", () => {
    using clock = new CoarseClock();
    const tick = clock.update();
    const answers = new Set<number>();
    const until = clock.nowMs() + 30;
    while (clock.nowMs() < until) answers.add(clock.unixMs(tick));
    expect([...answers]).toHaveLength(1);
  });

  it("dates ticks of the past and of the future", () => {
    using clock = new CoarseClock();
    const tick = clock.update();
    const unixMs = clock.unixMs(tick);
    expect(clock.unixMs((tick - 86_400_000) >>> 0)).toBe(unixMs - 86_400_000);
    expect(clock.unixMs((tick + 60_000) >>> 0)).toBe(unixMs + 60_000);
  });
});
