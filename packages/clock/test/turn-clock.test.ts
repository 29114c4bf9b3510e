import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CoarseClock, ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { TurnClock } from "../src/turn-clock.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("a clock read once per turn", () => {
  it("gives one time for a whole turn, and another in the next", async () => {
    using clock = new CoarseClock();
    using turns = clock.oncePerTurn();
    const tick = turns.recentMs();
    const micros = turns.recentMicros();
    expect(clock.recentMs()).toBe(tick);
    spin(5);
    expect([turns.recentMs(), turns.recentMicros()]).toEqual([tick, micros]);
    expect(turns.stalenessMs()).toBeGreaterThanOrEqual(5);
    await nextTurn();
    expect(turns.stalenessMs()).toBe(0);
    expect((turns.recentMs() - tick) | 0).toBeGreaterThanOrEqual(5);
  });

  it("updates once a turn, and not at all in turns without a read", async () => {
    const manual = new ManualClock();
    let updates = 0;
    const counted = Object.assign(Object.create(manual) as ManualClock, {
      update: () => ((updates += 1), manual.update()),
      recentMicros: () => manual.recentMicros(),
      nowMs: () => manual.nowMs(),
    });
    using turns = new TurnClock(counted);
    for (let turn = 0; turn < 10; turn++) {
      for (let read = 0; read < 100; read++) turns.recentMs();
      await nextTurn();
    }
    expect(updates).toBe(10);
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    expect(updates).toBe(10);
  });

  it("is updated within a turn when asked to", () => {
    const manual = new ManualClock();
    using turns = new TurnClock(manual);
    expect(turns.recentMs()).toBe(0);
    manual.stall(7);
    expect(turns.recentMs()).toBe(0);
    expect(turns.update()).toBe(7);
    expect([turns.recentMs(), turns.nowMs(), turns.unixMs(7)]).toEqual([7, 7, 7]);
  });

  it("is fresh for the datagram that ends the loop's sleep, when a timer read it before", () => {
    // In a process of its own: a test runner's loop hardly sleeps.
    const program = fileURLToPath(new URL("./programs/sleeping-loop.ts", import.meta.url));
    const ran = spawnSync(process.execPath, ["--conditions=@udp-relay/source", program], {
      encoding: "utf8",
      timeout: 30_000,
    });
    expect(ran.stderr).toBe("");
    const { sleptMs, ageMs } = JSON.parse(ran.stdout) as { sleptMs: number; ageMs: number };
    expect(sleptMs).toBeGreaterThan(150);
    expect(ageMs).toBeLessThan(100);
  });

  it("after its disposal, and after the clock's, updates at every read", () => {
    const clock = new CoarseClock();
    const turns = clock.oncePerTurn();
    const tick = turns.recentMs();
    clock[Symbol.dispose]();
    spin(3);
    expect((turns.recentMs() - tick) | 0).toBeGreaterThanOrEqual(2);
    spin(3);
    expect((turns.recentMs() - tick) | 0).toBeGreaterThanOrEqual(5);
    turns[Symbol.dispose]();
  });
});
