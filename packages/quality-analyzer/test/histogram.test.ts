import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QualityAnalyzer } from "../src/index.ts";
import { bucketOf, lowerEdgeMicros, percentilesOf, recordMicros } from "../src/histogram.ts";
import { COMPACT, FINE } from "../src/record-layout.ts";
import { ownRecord } from "../src/record-memory.ts";

const shapes = [COMPACT.rtt, COMPACT.jitter, FINE.rtt, FINE.jitter];

describe("histogram", () => {
  it.each(shapes)("puts every value between its bucket's edges, no wider than stated (%o)", (shape) => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e7, noNaN: true }), (micros) => {
        const bucket = bucketOf(shape, micros);
        const lower = lowerEdgeMicros(shape, bucket);
        const upper = lowerEdgeMicros(shape, bucket + 1);
        expect(lower).toBeLessThanOrEqual(micros);
        if (bucket < shape.buckets - 1) expect(micros).toBeLessThan(upper);
        expect(upper - lower).toBeLessThanOrEqual(Math.max(shape.unitMicros, lower / 2 ** shape.bits));
      }),
    );
  });

  it.each(shapes)("has edges that ascend without a hole (%o)", (shape) => {
    for (let bucket = 0; bucket < shape.buckets; bucket++) {
      expect(bucketOf(shape, lowerEdgeMicros(shape, bucket))).toBe(bucket);
      expect(lowerEdgeMicros(shape, bucket + 1)).toBeGreaterThan(lowerEdgeMicros(shape, bucket));
    }
  });

  it("gives percentiles within a bucket of the exact ones", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 2_000, noNaN: true }), { minLength: 200, maxLength: 800 }),
        (all) => {
          const quality = new QualityAnalyzer();
          for (const rttMs of all) quality.recordRtt(rttMs);
          const sorted = [...all].sort((a, b) => a - b);
          const found = quality.rttPercentiles!;
          expect(found.samples).toBe(all.length);
          for (const [share, ms] of [
            [0.5, found.p50Ms],
            [0.95, found.p95Ms],
            [0.99, found.p99Ms],
          ] as const) {
            const exact = sorted[Math.ceil(all.length * share) - 1]!;
            expect(Math.abs(ms - exact)).toBeLessThanOrEqual(exact / 16 + 0.017);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it("halves all counts when one is full, and goes on", () => {
    const shape = COMPACT.rtt;
    const { record, words } = ownRecord(COMPACT.wordCount);
    for (let i = 0; i < 20_000; i++) recordMicros(record, 0, shape, 500_000);
    for (let i = 0; i < 65_535; i++) recordMicros(record, 0, shape, 10_000);
    expect(percentilesOf(words, shape)!.samples).toBe(85_535);
    recordMicros(record, 0, shape, 10_000);
    const after = percentilesOf(words, shape)!;
    expect(after.samples).toBe(10_000 + 32_767 + 1);
    expect(Math.abs(after.p50Ms - 10)).toBeLessThan(1.3);
    expect(Math.abs(after.p95Ms - 500)).toBeLessThan(70);
  });

  it("halves two counts of one word apart from each other", () => {
    const shape = COMPACT.rtt;
    const { record, words } = ownRecord(COMPACT.wordCount);
    for (let i = 0; i < 3; i++) recordMicros(record, 0, shape, lowerEdgeMicros(shape, 21));
    for (let i = 0; i < 65_536; i++) recordMicros(record, 0, shape, lowerEdgeMicros(shape, 20));
    expect(percentilesOf(words, shape)!.samples).toBe(1 + 32_767 + 1);
  });
});
