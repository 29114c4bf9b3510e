import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QualityAnalyzer } from "../src/index.ts";

/** RFC 6298, section 2.2 and 2.3, and RFC 9002, section 5.3, in exact arithmetic. */
class RoundTrip {
  smoothed = -1;
  variation = 0;
  least = Infinity;

  record(rtt: number, ackDelay = 0): void {
    this.least = Math.min(this.least, rtt);
    if (this.smoothed < 0) {
      this.smoothed = rtt;
      this.variation = rtt / 2;
      return;
    }
    const adjusted = rtt >= this.least + ackDelay ? rtt - ackDelay : rtt;
    this.variation = (3 / 4) * this.variation + (1 / 4) * Math.abs(this.smoothed - adjusted);
    this.smoothed = (7 / 8) * this.smoothed + (1 / 8) * adjusted;
  }
}

/** `reliable`'s statistics of its last 512 round trips, as documented: least, greatest, mean. */
function reliableRtt(history: readonly number[]): { min: number; max: number; avg: number } {
  const kept = history.slice(-512);
  return {
    min: Math.min(...kept),
    max: Math.max(...kept),
    avg: kept.reduce((sum, rtt) => sum + rtt, 0) / kept.length,
  };
}

/**
 * `reliable`'s loss, as documented: of the older half of the last 256 packets sent, those that are not acknowledged.
 * The newer half is still within the round trip.
 */
function reliableLossPerMille(acknowledged: readonly boolean[]): number {
  const older = acknowledged.slice(-256, -128);
  return (older.filter((acked) => !acked).length * 1_000) / older.length;
}

const times = fc.double({ min: 0.01, max: 5_000, noNaN: true });

describe("round-trip time (RFC 6298, RFC 9002)", () => {
  it("is unknown before the first sample; timeouts are then the RFCs' initial ones", () => {
    const quality = new QualityAnalyzer();
    expect(quality.rttMs).toBeUndefined();
    expect(quality.minRttMs).toBeUndefined();
    expect(quality.rttPercentiles).toBeUndefined();
    expect(quality.retransmissionTimeoutMs()).toBe(1_000);
    expect(quality.probeTimeoutMs()).toBe(1_000);
  });

  it("follows a hand-computed trace", () => {
    const quality = new QualityAnalyzer();
    quality.recordRtt(100); // SRTT 100, RTTVAR 50
    expect(quality.rttMs).toBe(100);
    expect(quality.rttVariationMs).toBe(50);
    expect(quality.probeTimeoutMs()).toBe(325); // 100 + 200 + 25
    quality.recordRtt(140); // RTTVAR 37.5 + 10 = 47.5, SRTT 105
    expect(quality.rttMs).toBe(105);
    expect(quality.rttVariationMs).toBe(47.5);
    quality.recordRtt(90, 50); // 90 < 90 + 50: the delay is not believed. RTTVAR 35.625 + 3.75, SRTT 103.125
    expect(quality.rttMs).toBe(103.125);
    expect(quality.rttVariationMs).toBe(39.375);
    quality.recordRtt(150, 50); // counts as 100. RTTVAR 29.53125 + 0.78125, SRTT 102.734375
    expect(quality.rttMs).toBeCloseTo(102.734375, 3);
    expect(quality.rttVariationMs).toBeCloseTo(30.3125, 3);
    expect(quality.minRttMs).toBe(90);
    expect(quality.latestRttMs).toBe(150);
    expect(quality.rttSamples).toBe(4);
    expect(quality.retransmissionTimeoutMs()).toBe(1_000); // the floor of RFC 6298
    quality.recordRtt(9_000);
    expect(quality.retransmissionTimeoutMs()).toBeCloseTo(quality.rttMs! + 4 * quality.rttVariationMs!, 9);
  });

  it("stays within a microsecond of exact arithmetic for any samples", () => {
    const samples = fc.array(
      fc.record({ rttMs: times, ackDelayMs: fc.double({ min: 0, max: 50, noNaN: true }) }),
    );
    fc.assert(
      fc.property(samples, (all) => {
        const quality = new QualityAnalyzer();
        const exact = new RoundTrip();
        for (const { rttMs, ackDelayMs } of all) {
          // In eighths of a microsecond, as kept: a tie of `>=` would else fall either way.
          const rtt = Math.round(rttMs * 8_000) / 8_000;
          const delay = Math.round(ackDelayMs * 8_000) / 8_000;
          quality.recordRtt(rtt, delay);
          exact.record(rtt, delay);
          expect(Math.abs(quality.rttMs! - exact.smoothed)).toBeLessThan(0.001);
          expect(Math.abs(quality.rttVariationMs! - exact.variation)).toBeLessThan(0.001);
          expect(quality.minRttMs).toBeCloseTo(exact.least, 4);
        }
      }),
    );
  });

  it("agrees with `reliable`: least and mean round trip of its history, loss of acknowledged packets", () => {
    const history = fc.array(fc.double({ min: 20, max: 400, noNaN: true }), { minLength: 1, maxLength: 512 });
    fc.assert(
      fc.property(history, (all) => {
        const quality = new QualityAnalyzer();
        for (const rttMs of all) quality.recordRtt(rttMs);
        const { min, max, avg } = reliableRtt(all);
        expect(quality.minRttMs).toBeCloseTo(min, 3);
        expect(quality.rttMs! >= min - 0.001 && quality.rttMs! <= max + 0.001).toBe(true);
        const { p50Ms, p99Ms } = quality.rttPercentiles!;
        expect(p50Ms <= max * 1.07 && p99Ms <= max * 1.07).toBe(true);
        // A mean that repeats settles the smoothed value: (7/8)^120 of the start is left.
        for (let i = 0; i < 120; i++) quality.recordRtt(avg);
        expect(quality.rttMs).toBeCloseTo(avg, 2);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 256, maxLength: 600 }), (acknowledged) => {
        const quality = new QualityAnalyzer({ windowPackets: 128 });
        // As reliable does, each packet is judged once 128 newer ones were sent.
        for (const acked of acknowledged.slice(0, -128)) quality.recordPacket(!acked);
        if (quality.lossWindow!.packets !== 128) return;
        expect(quality.lossPerMille).toBeCloseTo(reliableLossPerMille(acknowledged), 9);
      }),
    );
  });

  it("refuses what is no time, and caps what is longer than it can hold", () => {
    const quality = new QualityAnalyzer();
    for (const rttMs of [-1, Number.NaN, Infinity]) expect(quality.recordRtt(rttMs)).toBe(false);
    expect(quality.recordRtt(5, Number.NaN)).toBe(false);
    expect(quality.lifetime.ignored).toBe(4);
    expect(quality.rttMs).toBeUndefined();
    quality.recordRtt(0);
    expect(quality.rttMs).toBe(0);
    quality.reset();
    quality.recordRtt(1e9);
    expect(quality.rttMs).toBeCloseTo(536_870.9, 1);
    quality.recordRtt(1e9);
    expect(quality.rttMs).toBeCloseTo(536_870.9, 1);
  });
});
