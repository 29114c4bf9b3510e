import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { QualityAnalyzer } from "../src/index.ts";
import { CrateLossRate } from "./crate-loss-rate.ts";

/** `npm run vectors` writes them with the real crate: its rates after the first packet and after each 250. */
const file = JSON.parse(
  readFileSync(new URL("data/crate-quality-analyzer.json", import.meta.url), "utf8"),
) as {
  source: string;
  each: number;
  vectors: [
    name: string,
    seed: number,
    perMille: number,
    packets: number,
    lost: number,
    first: number,
    rates: number[],
  ][];
};

const rules: Record<string, (n: number) => boolean> = {
  none: () => false,
  all: () => true,
  "the first one": (n) => n === 0,
  "every 4th": (n) => n % 4 === 0,
  "every 3rd": (n) => n % 3 === 0,
  "every 1,000th": (n) => n % 1_000 === 999,
  "every 333rd": (n) => n % 333 === 332,
  "an outage of 10,001, then none": (n) => n < 10_001,
  "none, then an outage from 10,001 on": (n) => n > 10_000,
};

/** The vectors' packets: by a rule, or by xorshift32. */
function outcomes([name, seed, perMille, packets]: (typeof file.vectors)[number]): boolean[] {
  let word = Math.imul(seed, 0x9e3779b9) | 0;
  const seeded = (): boolean => {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    return (word >>> 0) % 1_000 < perMille;
  };
  return Array.from({ length: packets }, (_, n) => (seed === 0 ? rules[name]!(n) : seeded()));
}

describe(`against ${file.source}`, () => {
  it("are packets lost as the crate was told", () => {
    expect(file.vectors).toHaveLength(16);
    for (const vector of file.vectors) {
      expect([vector[0], vector[1], outcomes(vector).filter(Boolean).length]).toEqual([
        vector[0],
        vector[1],
        vector[4],
      ]);
    }
  });

  it("the model of the crate that these tests use answers as the crate does, through every halving", () => {
    for (const vector of file.vectors) {
      const crate = new CrateLossRate();
      const rates: number[] = [];
      for (const [n, lost] of outcomes(vector).entries()) {
        crate.record(lost);
        if (n === 0) expect(crate.perMille).toBe(vector[5]);
        if ((n + 1) % file.each === 0) rates.push(crate.perMille);
      }
      expect(rates).toEqual(vector[6]);
    }
  });

  it("the same rate, but for the rounding down, until the crate halves its counters", () => {
    let fractions = 0;
    for (const vector of file.vectors) {
      const quality = new QualityAnalyzer({ windowPackets: 20_000 });
      for (const [n, lost] of outcomes(vector).slice(0, 10_000).entries()) {
        quality.recordPacket(lost);
        if (n === 0) expect(quality.lossPerMille).toBe(vector[5]);
        if ((n + 1) % file.each !== 0) continue;
        const rate = quality.lossPerMille!;
        // 3 lost of 1,000 may read 2.9999999999999996.
        expect([vector[0], n, Math.floor(rate + 1e-9)]).toEqual([
          vector[0],
          n,
          vector[6][(n + 1) / file.each - 1],
        ]);
        if (!Number.isInteger(rate)) fractions++;
      }
    }
    expect(fractions).toBeGreaterThan(100);
  });
});

describe("intended differences", () => {
  it("no data is undefined: the crate's rate is 0 then", () => {
    expect(new QualityAnalyzer().lossPerMille).toBeUndefined();
    expect(new CrateLossRate().perMille).toBe(0);
  });

  it("an outage is gone with the window: half of it stands in the crate's counters after each halving", () => {
    const outage = file.vectors.find(([name]) => name.startsWith("an outage"))!;
    const quality = new QualityAnalyzer({ windowPackets: 10_000 });
    const clearAt: { crate?: number; ours?: number } = {};
    for (const [n, lost] of outcomes(outage).entries()) {
      quality.recordPacket(lost);
      if ((n + 1) % file.each !== 0 || lost) continue;
      if (quality.lossPerMille! <= 10) clearAt.ours ??= n + 1 - 10_001;
      if (outage[6][(n + 1) / file.each - 1]! <= 10) clearAt.crate ??= n + 1 - 10_001;
    }
    expect(clearAt.ours).toBeLessThanOrEqual(10_000);
    expect(clearAt.crate).toBeGreaterThan(32_000);
  });

  it("a small rate is what was lost: the crate's, rounded down twice, is a fifth too low on average", () => {
    const vector = file.vectors.find(([, , perMille]) => perMille === 1)!;
    const lostPerMille = (vector[4] * 1_000) / vector[3];
    const quality = new QualityAnalyzer({ windowPackets: 50_000 });
    for (const lost of outcomes(vector)) quality.recordPacket(lost);
    expect(quality.lossPerMille).toBeCloseTo(lostPerMille, 9);
    const late = vector[6].slice(vector[6].length / 2);
    expect(late.reduce((sum, rate) => sum + rate, 0) / late.length).toBeLessThan(0.8 * lostPerMille);
  });
});
