import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QualityAnalyzer } from "../src/index.ts";
import { SeededRandom } from "../src/simulation/index.ts";

/**
 * RFC 3550, appendix A.8, from its text: transit = arrival - timestamp, both in ticks of the media clock;
 * d = |transit - last transit|; jitter += (d - jitter) / 16, in exact arithmetic.
 */
class Rfc3550Jitter {
  jitter = 0;
  samples = 0;
  #transit: number | undefined;

  record(arrival: number, timestamp: number): void {
    const transit = arrival - timestamp;
    if (this.#transit !== undefined) {
      this.jitter += (Math.abs(transit - this.#transit) - this.jitter) / 16;
      this.samples++;
    }
    this.#transit = transit;
  }
}

/** The appendix's integer version: sixteenths are kept, d and the decay are whole ticks. */
class Rfc3550IntegerJitter {
  #sixteenths = 0;
  #transit: number | undefined;

  record(arrival: number, timestamp: number): void {
    const transit = arrival - timestamp;
    if (this.#transit !== undefined) {
      this.#sixteenths += Math.abs(transit - this.#transit) - ((this.#sixteenths + 8) >> 4);
    }
    this.#transit = transit;
  }

  get jitter(): number {
    return this.#sixteenths >> 4;
  }
}

describe("interarrival jitter (RFC 3550)", () => {
  it("is unknown until two packets with sender timestamps came", () => {
    const quality = new QualityAnalyzer();
    quality.recordSequence(1, 0, 0);
    expect(quality.jitterMs).toBeUndefined();
    expect(quality.jitterPercentiles).toBeUndefined();
    quality.recordSequence(2, 20);
    expect(quality.jitterMs).toBeUndefined();
    quality.recordSequence(3, 40, 40);
    expect(quality.jitterMs).toBe(0);
    expect(quality.jitterSamples).toBe(1);
  });

  it("follows a hand-computed trace", () => {
    const quality = new QualityAnalyzer();
    quality.recordSequence(1, 100, 0); // transit 100
    quality.recordSequence(2, 136, 20); // 116: D 16, J = 1
    expect(quality.jitterMs).toBeCloseTo(1, 6);
    quality.recordSequence(3, 140, 40); // 100: D 16, J = 1 + 15/16
    expect(quality.jitterMs).toBeCloseTo(1.9375, 6);
    quality.recordSequence(4, 160, 60); // 100: D 0, J = 15/16 of it
    expect(quality.jitterMs).toBeCloseTo(1.81640625, 6);
  });

  it("is the same in a media clock's ticks, over the wrap of its 32 bits", () => {
    for (const timestampHz of [8_000, 48_000, 90_000]) {
      const quality = new QualityAnalyzer({ timestampHz });
      const exact = new Rfc3550Jitter();
      const integer = new Rfc3550IntegerJitter();
      const random = new SeededRandom(timestampHz);
      for (let i = 0; i < 5_000; i++) {
        const timestamp = i * (timestampHz / 50);
        const arrivalMs = i * 20 + 30 + random.nextUnit() * 12;
        quality.recordSequence(i, arrivalMs, (timestamp + 2 ** 32 - 400 * timestampHz) % 2 ** 32);
        const arrivalTicks = (arrivalMs * timestampHz) / 1_000;
        exact.record(arrivalTicks, timestamp);
        integer.record(Math.round(arrivalTicks), timestamp);
        const exactMs = (exact.jitter * 1_000) / timestampHz;
        if (i > 50) expect(Math.abs(quality.jitterMs! / exactMs - 1)).toBeLessThan(0.001);
        // The RFC's own integers: whole ticks, so within two of them.
        const ticks = ((quality.jitterMs ?? 0) * timestampHz) / 1_000;
        expect(Math.abs(ticks - integer.jitter)).toBeLessThan(2.5);
      }
      expect(quality.jitterSamples).toBe(4_999);
    }
  });

  it("agrees with the formula for any arrivals, in order or not, and clocks far apart", () => {
    const packets = fc.array(
      fc.record({
        gapMs: fc.integer({ min: 0, max: 200 }),
        delayMs: fc.double({ min: 0, max: 300, noNaN: true }),
      }),
      { minLength: 2, maxLength: 200 },
    );
    fc.assert(
      fc.property(
        packets,
        fc.integer({ min: 0, max: 2 ** 45 }),
        fc.integer({ min: 0, max: 2 ** 45 }),
        (all, a, b) => {
          const quality = new QualityAnalyzer({ maxGap: 32_767 });
          const exact = new Rfc3550Jitter();
          let sentMs = 0;
          const arrivals = all.map(({ gapMs, delayMs }, sequence) => {
            sentMs += gapMs;
            return { sequence, sentMs, arrivalMs: sentMs + delayMs };
          });
          arrivals.sort((one, other) => one.arrivalMs - other.arrivalMs);
          for (const { sequence, sentMs, arrivalMs } of arrivals) {
            const before = quality.lifetime.ignored;
            quality.recordSequence(sequence, a + arrivalMs, b + sentMs);
            if (quality.lifetime.ignored === before) exact.record(arrivalMs, sentMs); // those from before the first
          }
          expect(quality.jitterSamples).toBe(exact.samples);
          expect(quality.jitterMs ?? 0).toBeCloseTo(exact.jitter, 1.7); // 2^45 ms leave 1/256 ms of a double
        },
      ),
    );
  });

  it("leaves duplicates and ignored packets out", () => {
    const quality = new QualityAnalyzer();
    quality.recordSequence(1, 0, 0);
    quality.recordSequence(2, 20, 20);
    quality.recordSequence(2, 500, 20);
    quality.recordSequence(40_000, 500, 20);
    quality.recordSequence(3, 40, Number.NaN);
    expect(quality.jitterMs).toBe(0);
    expect(quality.jitterSamples).toBe(1);
  });

  it("starts a new reference after a pause longer than its clock can tell, and after a restart", () => {
    const quality = new QualityAnalyzer();
    quality.recordSequence(1, 0, 0);
    quality.recordSequence(2, 20, 20);
    const hour = 3_600_000;
    quality.recordSequence(3, 2 * hour + 7, 2 * hour); // would be a difference of 7 ms, or of anything
    expect(quality.jitterSamples).toBe(1);
    quality.recordSequence(4, 2 * hour + 27, 2 * hour + 20);
    expect(quality.jitterMs).toBe(0);
    quality.recordSequence(30_000, 2 * hour + 40, 5);
    quality.recordSequence(30_001, 2 * hour + 60, 25); // another sender's clock
    quality.recordSequence(30_002, 2 * hour + 80, 45);
    expect(quality.jitterMs).toBe(0);
    expect(quality.jitterSamples).toBe(3);
  });

  it("caps one absurd difference at 4.3 s instead of wrapping", () => {
    const quality = new QualityAnalyzer();
    quality.recordSequence(1, 0, 0);
    quality.recordSequence(2, 20, 1_000_000);
    expect(quality.jitterMs).toBeCloseTo((2 ** 32 - 1) / 1e6 / 16, 3);
  });
});
