import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { QualityAnalyzer } from "../src/index.ts";

/** What the real crate answered: `tools/bench/rust/crate-vectors` wrote it. */
const { vectors } = JSON.parse(readFileSync(new URL("data/crate-loss.json", import.meta.url), "utf8")) as {
  readonly vectors: readonly [
    lostOneIn: number,
    inBurstsOf: number,
    outcomes: [recorded: number, lost: number, rate: number][],
  ][];
};

/** After so many packets the crate halves its counters. */
const HALVES_AT = 10_000;

describe("loss by outcomes against the real crate", () => {
  it("is the same, but rounded down there, until the crate halves its counters", () => {
    let differences = 0;
    for (const [oneIn, burst, outcomes] of vectors) {
      const analyzer = new QualityAnalyzer({ windowMs: Infinity });
      let recorded = 0;
      for (const [until, lost, rate] of outcomes) {
        for (; recorded < until; recorded++) {
          const isLost = oneIn > 0 && recorded % (oneIn * Math.max(1, burst)) < burst;
          analyzer.recordPacket(isLost);
        }
        const { lifetime } = analyzer;
        expect([lifetime.packets, lifetime.lost]).toEqual([until, lost]);
        const perMille = lifetime.lossPerMille!;
        if (until <= HALVES_AT) expect(rate).toBe(Math.floor(perMille + 1e-9));
        else if (rate !== Math.floor(perMille + 1e-9)) differences++;
        // The window is 10,000 packets: there ours says what was lost of them.
        expect(analyzer.lossWindow!.packets).toBeLessThanOrEqual(HALVES_AT);
      }
    }
    // The intended difference, with its size: the crate forgets half at once, and rounds each time it does.
    expect(differences).toBeGreaterThan(0);
  });

  it("'no data' is undefined here and 0 there", () => {
    expect(new QualityAnalyzer().lossPerMille).toBeUndefined();
  });
});
