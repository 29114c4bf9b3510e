import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { medianInterval, spreadOf } from "../src/index.ts";

describe("spreadOf", () => {
  it("interpolates quartiles as R's default does", () => {
    // R: quantile(c(1, 2, 4, 8, 16, 32))
    expect(spreadOf([32, 1, 2, 16, 8, 4])).toEqual({ count: 6, median: 6, q1: 2.5, q3: 14, min: 1, max: 32 });
  });

  it("refuses an empty list and values that are not finite", () => {
    expect(() => spreadOf([])).toThrow(RangeError);
    expect(() => spreadOf([1, NaN])).toThrow(RangeError);
  });
});

describe("medianInterval", () => {
  it("knows its coverage from the binomial distribution", () => {
    const ranks = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
    // 1 - 2 * 0.5^5, and the tabulated ranks for 95 %: 2..10 of 11, 6..15 of 20.
    expect(medianInterval(ranks(5))).toEqual({ low: 1, high: 5, coverage: 0.9375 });
    expect(medianInterval(ranks(11))).toMatchObject({ low: 2, high: 10 });
    expect(medianInterval(ranks(11)).coverage).toBeCloseTo(0.98828, 5);
    expect(medianInterval(ranks(20))).toMatchObject({ low: 6, high: 15 });
    expect(medianInterval([7])).toEqual({ low: 7, high: 7, coverage: 0 });
  });

  it("holds the median, within the extremes, for any values", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (values) => {
          const { low, high } = medianInterval(values);
          const { median, min, max } = spreadOf(values);
          expect(low <= median && median <= high).toBe(true);
          expect(low >= min && high <= max).toBe(true);
        },
      ),
    );
  });
});
