import { describe, expect, it } from "vitest";
import {
  expectedJitterMs,
  gilbertElliott,
  SimulatedLink,
  type JitterOptions,
} from "../src/simulation/index.ts";

/** Sends `count` packets of 100 bytes, one each `intervalMs`; the first copies' arrivals, -1 where lost. */
function run(link: SimulatedLink, count: number, intervalMs: number): Float64Array {
  const arrivals = new Float64Array(count);
  for (let i = 0; i < count; i++) arrivals[i] = link.send(100, i * intervalMs) > 0 ? link.arrivalMs(0) : -1;
  return arrivals;
}

describe("simulated link", () => {
  it("delivers everything after its fixed delay when nothing else is asked for", () => {
    const link = new SimulatedLink({ delayMs: 25 });
    expect([...run(link, 4, 10)]).toEqual([25, 35, 45, 55]);
    expect(link.arrivalMs(1)).toBe(-1);
    expect(link.truth.lossPerMille).toBe(0);
    expect(link.truth.meanDelayMs).toBe(25);
  });

  it("repeats itself under a seed and differs under another", () => {
    const options = {
      delayMs: 5,
      jitter: { kind: "normal", sigmaMs: 2 },
      loss: gilbertElliott(50, 4),
    } as const;
    const once = run(new SimulatedLink({ ...options, seed: 3 }), 1_000, 1);
    expect(run(new SimulatedLink({ ...options, seed: 3 }), 1_000, 1)).toEqual(once);
    expect(run(new SimulatedLink({ ...options, seed: 4 }), 1_000, 1)).not.toEqual(once);
  });

  it("gives the n-th packet the same jitter under every loss", () => {
    const jitter = { kind: "exponential", meanMs: 3 } as const;
    const lossless = run(new SimulatedLink({ seed: 9, jitter }), 2_000, 10);
    const lossy = run(
      new SimulatedLink({ seed: 9, jitter, loss: { kind: "independent", perMille: 300 } }),
      2_000,
      10,
    );
    const arrived = [...lossy.keys()].filter((i) => lossy[i] !== -1);
    expect(arrived.length).toBeLessThan(1_500);
    for (const i of arrived) expect(lossy[i]).toBe(lossless[i]);
  });

  it("loses independently at the rate asked for", () => {
    const link = new SimulatedLink({ seed: 1, loss: { kind: "independent", perMille: 30 } });
    run(link, 200_000, 1);
    const { sent, lost, lossBursts } = link.truth;
    // 4 standard deviations of a binomial of 200,000: 0.0015.
    expect(Math.abs(lost / sent - 0.03)).toBeLessThan(0.0016);
    expect(Math.abs(lost / lossBursts - 1 / 0.97)).toBeLessThan(0.02); // mean run of independent losses
  });

  it("loses in bursts of the mean length asked for", () => {
    const link = new SimulatedLink({ seed: 2, loss: gilbertElliott(20, 20) });
    run(link, 1_000_000, 1);
    const { sent, lost, lossBursts, longestLossBurst } = link.truth;
    expect(Math.abs(lost / sent - 0.02)).toBeLessThan(0.003);
    expect(Math.abs(lost / lossBursts - 20)).toBeLessThan(2.5);
    expect(longestLossBurst).toBeGreaterThan(60);
  });

  const jitters: JitterOptions[] = [
    { kind: "uniform", spreadMs: 9 },
    { kind: "normal", sigmaMs: 4 },
    { kind: "exponential", meanMs: 3 },
  ];
  it.each(jitters)("draws $kind jitter whose successive differences have the declared mean", (jitter) => {
    const link = new SimulatedLink({ seed: 5, delayMs: 50, jitter });
    const arrivals = run(link, 200_000, 100);
    let sum = 0;
    for (let i = 1; i < arrivals.length; i++) sum += Math.abs(arrivals[i]! - arrivals[i - 1]! - 100);
    expect(sum / (arrivals.length - 1) / expectedJitterMs(jitter)).toBeCloseTo(1, 1.7);
  });

  it("duplicates, both copies delayed on their own", () => {
    const link = new SimulatedLink({
      seed: 6,
      jitter: { kind: "uniform", spreadMs: 2 },
      duplicatePerMille: 100,
    });
    let twice = 0;
    for (let i = 0; i < 20_000; i++) {
      if (link.send(100, i * 10) !== 2) continue;
      twice++;
      expect(link.arrivalMs(0)).toBeLessThan(link.arrivalMs(1));
    }
    expect(link.truth.duplicated).toBe(twice);
    expect(Math.abs(twice / 20_000 - 0.1)).toBeLessThan(0.01);
  });

  it("counts as reordered exactly the packets that a later one overtakes", () => {
    const link = new SimulatedLink({
      seed: 8,
      jitter: { kind: "uniform", spreadMs: 30 },
      reorder: { perMille: 20, byMs: 50 },
    });
    const arrivals = run(link, 5_000, 4);
    let overtaken = 0;
    for (let i = 0; i < arrivals.length; i++) {
      for (let later = i + 1; later < Math.min(arrivals.length, i + 25); later++) {
        if (arrivals[later]! < arrivals[i]!) {
          overtaken++;
          break;
        }
      }
    }
    expect(link.truth.reordered).toBe(overtaken);
    expect(overtaken).toBeGreaterThan(1_000);
  });

  it("keeps order when told to, except for packets held back on purpose", () => {
    const jitter = { kind: "exponential", meanMs: 20 } as const;
    const inOrder = new SimulatedLink({ seed: 8, jitter, inOrder: true });
    run(inOrder, 5_000, 2);
    expect(inOrder.truth.reordered).toBe(0);
    const held = new SimulatedLink({ seed: 8, inOrder: true, reorder: { perMille: 50, byMs: 3 } });
    run(held, 5_000, 2);
    expect(held.truth.reordered).toBeGreaterThan(200);
  });

  it("sends at most the rate, delays what waits, and drops what finds the queue full", () => {
    // 100 bytes take 10 ms; five fit into the queue, the one in transmission included.
    const link = new SimulatedLink({ delayMs: 1, rateLimit: { bytesPerSecond: 10_000, queueBytes: 500 } });
    const burst = run(link, 7, 0);
    expect([...burst]).toEqual([11, 21, 31, 41, 51, -1, -1]);
    expect(link.truth.queueDropped).toBe(2);
    expect(link.truth.lost).toBe(0);
    expect(link.send(100, 50)).toBe(1); // the queue is empty again: only its own transmission
    expect(link.arrivalMs(0)).toBe(61);
  });

  it("accounts for every packet", () => {
    const link = new SimulatedLink({
      seed: 11,
      delayMs: 10,
      loss: gilbertElliott(100, 5),
      duplicatePerMille: 50,
      rateLimit: { bytesPerSecond: 90_000, queueBytes: 2_000 },
    });
    run(link, 20_000, 1);
    const { sent, delivered, lost, queueDropped } = link.truth;
    expect(delivered + lost + queueDropped).toBe(sent);
    expect(Math.min(delivered, lost, queueDropped)).toBeGreaterThan(500);
  });

  it("refuses options out of range, by name", () => {
    expect(() => new SimulatedLink({ loss: { kind: "independent", perMille: 1001 } })).toThrow(
      /loss\.perMille/,
    );
    expect(() => new SimulatedLink({ delayMs: Number.NaN })).toThrow(/delayMs/);
    expect(() => gilbertElliott(900, 1)).toThrow(/entry probability/);
    expect(() => new SimulatedLink({ loss: 0.02 as never })).toThrow(/loss must be \{ kind: "independent"/);
  });
});
