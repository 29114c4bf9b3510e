import { describe, expect, it } from "vitest";
import { mosOfRating, QualityAnalyzer, voiceCodecs, voiceRating } from "../src/index.ts";

describe("voice quality (ITU-T G.107, simplified)", () => {
  it("maps ratings to scores as the recommendation's annex B tables do", () => {
    for (const [rating, mos] of [
      [90, 4.34],
      [80, 4.03],
      [70, 3.6],
      [60, 3.1],
      [50, 2.58],
    ] as const) {
      expect(mosOfRating(rating)).toBeCloseTo(mos, 1.9);
    }
    expect(mosOfRating(0)).toBe(1);
    expect(mosOfRating(100)).toBe(4.5);
    expect(mosOfRating(93.2)).toBeCloseTo(4.41, 2); // the default connection
  });

  it("takes off for loss, delay and bursts, by hand-computed figures", () => {
    const { g711, g711Concealed, g729a } = voiceCodecs;
    expect(voiceRating(0, 0, 1, g711)).toBe(93.2);
    expect(voiceRating(100, 0, 1, g711)).toBe(93.2);
    // Idd(140 ms): X = 0.48543, 25 (1.0021689 - 3 * 1.0000030 + 2) = 0.0540
    expect(voiceRating(140, 0, 1, g711)).toBeCloseTo(93.2 - 0.054, 3);
    // Idd(200 ms): X = 1, 25 (2^(1/6) - 3 (1 + 3^-6)^(1/6) + 2) = 3.044
    expect(voiceRating(200, 0, 1, g711)).toBeCloseTo(93.2 - 3.044, 2);
    // Idd(400 ms): X = 2, 25 (65^(1/6) - 3 (1 + (2/3)^6)^(1/6) + 2) = 24.07
    expect(voiceRating(400, 0, 1, g711)).toBeCloseTo(93.2 - 24.07, 1);
    expect(voiceRating(0, 10, 1, g711)).toBeCloseTo(93.2 - 95 / 5.3, 9); // 1 %, Bpl 4.3
    expect(voiceRating(0, 30, 1, g711Concealed)).toBeCloseTo(93.2 - (95 * 3) / 28.1, 9);
    expect(voiceRating(0, 20, 1, g729a)).toBeCloseTo(93.2 - 11 - (84 * 2) / 21, 9);
    expect(voiceRating(0, 50, 2, g711Concealed)).toBeCloseTo(93.2 - (95 * 5) / (2.5 + 25.1), 9);
    expect(voiceRating(0, 1_000, 1, g711)).toBeCloseTo(93.2 - 9_500 / 104.3, 9);
    expect(voiceRating(900, 1_000, 1, g711)).toBe(0);
  });

  it("has no opinion without data", () => {
    const quality = new QualityAnalyzer();
    expect(quality.estimateMos()).toBeUndefined();
    quality.recordPacket(false);
    expect(quality.estimateMos()).toBeUndefined(); // no round trip: no delay
    expect(quality.estimateMos({ oneWayDelayMs: 30 })!.mos).toBeCloseTo(4.41, 2);
    quality.recordRtt(80);
    expect(quality.estimateMos()).toMatchObject({ oneWayDelayMs: 60, lossPerMille: 0, packets: 1 });
    expect(() => quality.estimateMos({ oneWayDelayMs: -1 })).toThrow(/oneWayDelayMs/);
  });

  it("falls with loss, more with bursts, and with jitter by way of the buffer", () => {
    const mos = (lost: (i: number) => boolean, jitterMs = 0): number => {
      const quality = new QualityAnalyzer();
      quality.recordRtt(100);
      for (let i = 0; i < 2_000; i++) {
        if (!lost(i)) quality.recordSequence(i, i * 20 + (i % 2) * jitterMs, i * 20);
      }
      return quality.estimateMos()!.mos;
    };
    const clean = mos(() => false);
    const spread = mos((i) => i % 20 === 7);
    const bursty = mos((i) => i % 200 >= 100 && i % 200 < 110);
    expect(clean).toBeGreaterThan(4.3);
    expect(spread).toBeLessThan(clean - 0.2);
    expect(bursty).toBeLessThan(spread - 0.1);
    expect(mos(() => false, 200)).toBeLessThan(clean - 0.1);
  });
});
