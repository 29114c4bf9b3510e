import { describe, expect, it } from "vitest";
import { isFuture, sinceMs, TICK_SKEW_MS } from "../src/tick-distance.ts";

describe("ticks of u32 milliseconds", () => {
  it("tell distances right across their wrap: 1,000,000 cases near 2^31 and 2^32", () => {
    let random = 15;
    const next = (below: number): number => {
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      return (random >>> 0) % below;
    };
    let wrong = 0;
    for (let i = 0; i < 1_000_000; i++) {
      const now = 2 ** (31 + (i & 1)) - 5_000 + next(10_000);
      // Up to the 24.8 days that a distance can be, mostly near.
      const away = next(2 ** (1 + next(31)));
      const then = (i & 2) === 0 ? now - away : now + away;
      const distance = sinceMs(now >>> 0, then >>> 0);
      if (distance !== Math.max(0, now - then)) wrong++;
      if (isFuture(now >>> 0, then >>> 0) !== then - now > TICK_SKEW_MS) wrong++;
    }
    expect(wrong).toBe(0);
  });
});
