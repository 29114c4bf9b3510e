import { expect, it } from "vitest";
import { TurnClock } from "../../src/proxy/turn-clock.ts";

it("a turn has one time, that of when it was first asked for", () => {
  let nowMs = 0;
  const clock = new TurnClock({ nowMs: () => nowMs });
  expect(clock.nowMs()).toBe(0);
  nowMs = 5;
  expect(clock.nowMs()).toBe(0);
  clock.end();
  nowMs = 7;
  expect([clock.nowMs(), clock.nowMs()]).toEqual([7, 7]);
});
