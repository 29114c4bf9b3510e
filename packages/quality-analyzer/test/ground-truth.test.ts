import { describe, expect, it } from "vitest";
import { QualityAnalyzer } from "../src/index.ts";
import {
  expectedJitterMs,
  gilbertElliott,
  SimulatedLink,
  type SimulatedLinkOptions,
  VirtualClock,
} from "../src/simulation/index.ts";

interface Run {
  readonly quality: QualityAnalyzer;
  readonly link: SimulatedLink;
  /** Largest difference of the reported loss from the realised loss of the same numbers, in per mille. */
  readonly worstLossError: number;
  readonly meanJitterMs: number;
  readonly meanRttMs: number;
}

/**
 * Sends `count` numbered packets, one each `intervalMs`, over a link on a virtual clock; what arrives is recorded and answered at once over
 * a link back. `check` compares with the truth every so many arrivals.
 */
function run(options: SimulatedLinkOptions, count: number, intervalMs = 5, checkEvery = 97): Run {
  const clock = new VirtualClock();
  const link = new SimulatedLink(options);
  const back = new SimulatedLink({
    ...options,
    seed: (options.seed ?? 1) + 1_000,
    loss: { kind: "independent", perMille: 0 },
  });
  const quality = new QualityAnalyzer({ sequenceBits: 32, windowPackets: 8_000, windowMs: Infinity });
  const lost = new Uint8Array(count);
  let [arrivals, worstLossError, jitterSum, jitterCount, rttSum, rttCount] = [0, 0, 0, 0, 0, 0];
  let highest = -1;

  const arrive = (sequence: number, arrivalMs: number, sentMs: number): void => {
    quality.recordSequence(sequence, arrivalMs, sentMs);
    highest = Math.max(highest, sequence);
    if (back.send(100, arrivalMs) > 0) {
      const rttMs = back.arrivalMs(0) - sentMs;
      quality.recordRtt(rttMs);
    }
    if (quality.jitterSamples > 100) {
      jitterSum += quality.jitterMs!;
      jitterCount++;
      rttSum += quality.rttMs!;
      rttCount++;
    }
    if (++arrivals % checkEvery !== 0) return;
    const window = quality.lossWindow!;
    let realised = 0;
    for (let i = 0; i < window.packets; i++) realised += lost[highest - i]!;
    if (window.packets > 4_000) {
      worstLossError = Math.max(
        worstLossError,
        Math.abs(((window.lost - realised) * 1_000) / window.packets),
      );
    }
  };

  for (let sequence = 0; sequence < count; sequence++) {
    const sentMs = sequence * intervalMs;
    clock.advanceTo(sentMs);
    const copies = link.send(100, sentMs);
    lost[sequence] = copies === 0 ? 1 : 0;
    for (let copy = 0; copy < copies; copy++) {
      const arrivalMs = link.arrivalMs(copy);
      clock.schedule(arrivalMs, () => arrive(sequence, arrivalMs, sentMs));
    }
  }
  clock.drain();
  return {
    quality,
    link,
    worstLossError,
    meanJitterMs: jitterSum / jitterCount,
    meanRttMs: rttSum / rttCount,
  };
}

describe("ground truth of the simulated link", () => {
  it.each([
    ["0.1 % independent", { loss: { kind: "independent", perMille: 1 } }],
    ["0.3 % independent", { loss: { kind: "independent", perMille: 3 } }],
    ["25 % independent", { loss: { kind: "independent", perMille: 250 } }],
    ["2 % in bursts of 20", { loss: gilbertElliott(20, 20) }],
    [
      "a noisy Gilbert-Elliott chain",
      {
        loss: {
          kind: "gilbert-elliott",
          enterBadPerMille: 5,
          leaveBadPerMille: 100,
          lossInGoodPerMille: 2,
          lossInBadPerMille: 500,
        },
      },
    ],
  ] as [string, SimulatedLinkOptions][])(
    "reports the realised loss of the window, to the packet: %s",
    (_, options) => {
      const { quality, link, worstLossError } = run({ seed: 5, delayMs: 40, ...options }, 40_000);
      expect(worstLossError).toBe(0);
      const { lifetime, lossBursts } = quality;
      const { truth } = link;
      // Lost packets after the last that arrived are nobody's knowledge.
      expect(truth.lost - lifetime.lost).toBe(truth.sent - lifetime.packets);
      expect(truth.lost - lifetime.lost).toBeLessThan(60);
      expect(lossBursts!.longestPackets).toBe(truth.longestLossBurst);
      expect(truth.lossBursts - lossBursts!.count).toBe(truth.lost > lifetime.lost ? 1 : 0);
    },
  );

  it("stays within 0.1 point where reordering crosses the window's edge, and ends exact", () => {
    const { quality, link, worstLossError } = run(
      {
        seed: 6,
        delayMs: 30,
        jitter: { kind: "exponential", meanMs: 2 },
        loss: gilbertElliott(10, 3),
        duplicatePerMille: 20,
        reorder: { perMille: 10, byMs: 25 },
      },
      60_000,
    );
    const { truth } = link;
    expect(truth.reordered).toBeGreaterThan(1_000);
    expect(worstLossError).toBeGreaterThan(0); // packets on their way look lost for a moment
    expect(worstLossError).toBeLessThanOrEqual(1);
    const { lifetime } = quality;
    expect(lifetime.packets - lifetime.lost).toBe(truth.delivered);
    expect(lifetime.duplicates).toBe(truth.duplicated);
    expect(lifetime.reordered).toBe(truth.reordered);
    expect(lifetime.ignored).toBe(0);
  });

  it.each([
    { kind: "uniform", spreadMs: 12 },
    { kind: "normal", sigmaMs: 4 },
    { kind: "exponential", meanMs: 3 },
  ] as const)("measures jitter and round trip within 1 % of the truth: $kind", (jitter) => {
    // The interval is longer than any jitter: packets stay in order, successive delays are independent.
    const { quality, link, meanJitterMs, meanRttMs } = run({ seed: 9, delayMs: 50, jitter }, 60_000, 100);
    const { truth } = link;
    expect(truth.reordered).toBe(0);
    expect(Math.abs(meanRttMs / (2 * truth.meanDelayMs!) - 1)).toBeLessThan(0.01);
    if (truth.reordered === 0)
      expect(Math.abs(meanJitterMs / expectedJitterMs(jitter) - 1)).toBeLessThan(0.01);
    const jitterPercentiles = quality.jitterPercentiles!;
    expect(jitterPercentiles.samples).toBeGreaterThan(10_000);
    expect(quality.minRttMs).toBeGreaterThanOrEqual(2 * truth.minDelayMs - 8);
  });

  it("is as good after a million packets", () => {
    const jitter = { kind: "uniform", spreadMs: 4.5 } as const;
    const { quality, link, worstLossError, meanJitterMs, meanRttMs } = run(
      { seed: 12, delayMs: 35, jitter, loss: gilbertElliott(3, 4) },
      1_000_000,
      5,
      10_007,
    );
    const { truth } = link;
    expect(truth.reordered).toBe(0);
    expect(worstLossError).toBe(0);
    expect(quality.lifetime.packets).toBeGreaterThan(999_900);
    expect(truth.lost - quality.lifetime.lost).toBe(truth.sent - quality.lifetime.packets);
    expect(Math.abs(quality.lifetime.lossPerMille! / truth.lossPerMille! - 1)).toBeLessThan(1e-4);
    expect(Math.abs(meanJitterMs / expectedJitterMs(jitter) - 1)).toBeLessThan(0.01);
    expect(Math.abs(meanRttMs / (2 * truth.meanDelayMs!) - 1)).toBeLessThan(0.01);
    // |D| of two uniform delays has the triangular distribution: quantile q at spread * (1 - sqrt(1 - q)).
    const { p50Ms, p95Ms, p99Ms } = quality.jitterPercentiles!;
    for (const [q, ms] of [
      [0.5, p50Ms],
      [0.95, p95Ms],
      [0.99, p99Ms],
    ] as const) {
      expect(Math.abs(ms / (4.5 * (1 - Math.sqrt(1 - q))) - 1)).toBeLessThan(0.02);
    }
  });
});
