import { readFileSync } from "node:fs";
import { ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { priorityScore, TunnelClient } from "../src/index.ts";
import { CrateEstimator } from "./crate-estimator.ts";

interface Vectors<Row> {
  readonly source: string;
  readonly vectors: readonly Row[];
}

/** What the real crate answered: `tools/bench/rust/crate-vectors` wrote it. */
function vectorsOf<Row>(name: string): Vectors<Row> {
  const file = new URL(`data/crate-${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Vectors<Row>;
}

describe("against the real crate", () => {
  it("priority: equal to the unit, whatever the bandwidth, latency, loss and age", () => {
    type Row = [
      bandwidth: number,
      latency: number,
      loss: number,
      ageSeconds: number,
      priority: number,
      slow: boolean,
    ];
    const { vectors } = vectorsOf<Row>("priority");
    expect(vectors.length).toBeGreaterThan(400);
    for (const [bytesPerSecond, latencyMs, lossPerMille, ageSeconds, priority] of vectors) {
      const inputs = { bytesPerSecond, latencyMs, lossPerMille, ageMs: ageSeconds * 1_000 };
      expect({ ...inputs, priority: priorityScore(inputs) }).toEqual({ ...inputs, priority });
    }
  });

  it("slow: below 100,000 B/s, as ours is by default", () => {
    const { vectors } = vectorsOf<[number, number, number, number, number, boolean]>("priority");
    for (const [bytesPerSecond, , , , , slow] of vectors) expect(slow).toBe(bytesPerSecond < 100_000);
  });

  it("timeouts: equal at each whole second, and for a datagram of the future", () => {
    const { vectors } =
      vectorsOf<[timeoutSeconds: number, idleSeconds: number, timedOut: boolean]>("timeouts");
    expect(vectors.length).toBe(31);
    for (const [timeoutSeconds, idleSeconds, timedOut] of vectors) {
      const clock = new ManualClock({ startMs: 1_000_000_000 });
      using client = new TunnelClient({ timeoutMs: timeoutSeconds * 1_000, clock });
      const now = clock.update();
      client.received(1, now - Math.min(0, idleSeconds) * 1_000);
      const later = clock.advance(Math.max(0, idleSeconds) * 1_000);
      expect([timeoutSeconds, idleSeconds, client.isTimedOut(later)]).toEqual([
        timeoutSeconds,
        idleSeconds,
        timedOut,
      ]);
    }
  });

  it("bandwidth: the formula that ours is held against is the crate's, to the byte", () => {
    type Row = [steps: [afterSeconds: number, bytesIn: number, bytesOut: number][], estimates: number[]];
    const { vectors } = vectorsOf<Row>("bandwidth");
    expect(vectors.length).toBe(26);
    for (const [steps, estimates] of vectors) {
      const crate = new CrateEstimator(0);
      let now = 0;
      const ours = steps.map(([afterSeconds, bytesIn, bytesOut]) => {
        now += afterSeconds;
        crate.update(bytesIn + bytesOut, now);
        return crate.bandwidth;
      });
      expect(ours).toEqual(estimates);
    }
  });

  /** The intended difference: a weight for time instead of one for each fold. What the crate said is in the vectors. */
  it("bandwidth: ours differs where the crate is wrong", () => {
    type Row = [steps: [number, number, number][], estimates: number[]];
    const [steady, , silence] = vectorsOf<Row>("bandwidth").vectors;
    const ratesOf = ([steps]: Row): number[] => {
      const clock = new ManualClock();
      using client = new TunnelClient({ timeoutMs: 30_000, clock });
      return steps.map(([afterSeconds, bytesIn]) => {
        const tick = clock.advance(afterSeconds * 1_000);
        client.received(bytesIn, tick);
        const { bytesPerSecondIn } = client.snapshot(tick);
        return bytesPerSecondIn;
      });
    };
    // 1 MB each second: both arrive, within a packet's ripple.
    expect(steady![1].at(-1)! / 1e6).toBeCloseTo(1, 2);
    expect(ratesOf(steady!).at(-1)! / 1e6).toBeGreaterThan(0.9);
    // An hour of silence after it, then 32 B: the crate still says 70 % of what was.
    expect(silence![1][20]! / silence![1][19]!).toBeGreaterThan(0.69);
    expect(ratesOf(silence!)[20]).toBeLessThan(100);
  });
});
