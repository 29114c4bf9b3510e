import { describe, expect, it } from "vitest";
import { SeededRandom, VirtualClock } from "../src/simulation/index.ts";

describe("virtual clock", () => {
  it("runs events in the order of time, then of scheduling", () => {
    const clock = new VirtualClock();
    const random = new SeededRandom(1);
    const ran: [number, number][] = [];
    for (let i = 0; i < 2_000; i++) {
      const atMs = random.nextUint32() % 100;
      clock.schedule(atMs, () => ran.push([clock.nowMs(), i]));
    }
    expect(clock.drain()).toBe(2_000);
    for (let i = 1; i < ran.length; i++) {
      const [before, orderBefore] = ran[i - 1]!;
      const [after, orderAfter] = ran[i]!;
      expect(before < after || (before === after && orderBefore < orderAfter)).toBe(true);
    }
  });

  it("stops where it is told to, and runs what an event schedules on the way", () => {
    const clock = new VirtualClock(100);
    const ran: number[] = [];
    const tick = (): void => {
      ran.push(clock.nowMs());
      clock.schedule(clock.nowMs() + 10, tick);
    };
    clock.schedule(110, tick);
    expect(clock.advanceTo(135)).toBe(3);
    expect(ran).toEqual([110, 120, 130]);
    expect(clock.nowMs()).toBe(135);
    expect(clock.nextMs).toBe(140);
    clock.schedule(0, () => ran.push(clock.nowMs())); // the past runs at the present
    clock.advance(0);
    expect(ran.at(-1)).toBe(135);
  });

  it("refuses to go back and refuses what is no time", () => {
    const clock = new VirtualClock(5);
    expect(() => clock.advanceTo(4)).toThrow(/forward only/);
    expect(() => clock.schedule(Number.NaN, () => {})).toThrow(/finite/);
  });

  it("tells its time as a clock's ticks, across their wrap", () => {
    const clock = new VirtualClock(2 ** 32 - 1.5);
    const before = clock.update();
    expect(before).toBe(2 ** 32 - 2);
    clock.advance(3);
    expect([clock.recentMs(), clock.recentMicros(), clock.stalenessMs()]).toEqual([1, 1_500, 0]);
    expect([clock.unixMs(clock.update()), clock.unixMs(before)]).toEqual([2 ** 32 + 1, 2 ** 32 - 2]);
  });
});
