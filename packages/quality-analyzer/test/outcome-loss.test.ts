import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QualityAnalyzer } from "../src/index.ts";
import { SeededRandom, SimulatedLink } from "../src/simulation/index.ts";
import { CrateLossRate } from "./crate-loss-rate.ts";

/** naia's LossMonitor as its documentation describes it: the last 64 outcomes, lost / tracked. */
class NaiaLossMonitor {
  readonly #outcomes: boolean[] = [];

  record(lost: boolean): void {
    this.#outcomes.push(lost);
    if (this.#outcomes.length > 64) this.#outcomes.shift();
  }

  get lossFraction(): number {
    return this.#outcomes.filter(Boolean).length / Math.max(1, this.#outcomes.length);
  }
}

describe("loss by outcomes", () => {
  it("knows nothing before the first packet, and says what one packet is worth", () => {
    const quality = new QualityAnalyzer();
    expect(quality.lossPerMille).toBeUndefined();
    expect(quality.lossWindow).toBeUndefined();
    expect(quality.lossBursts).toBeUndefined();
    expect(quality.lifetime.lossPerMille).toBeUndefined();
    quality.recordPacket(true);
    expect(quality.lossPerMille).toBe(1_000);
    expect(quality.lossWindow).toEqual({ packets: 1, lost: 1, ms: undefined });
    // What is no time is none: the packet counts, the window's end stays where it was.
    for (const nowMs of [NaN, Infinity, -Infinity]) quality.recordPacket(false, nowMs);
    expect(quality.lossWindow).toEqual({ packets: 4, lost: 1, ms: undefined });
    expect(quality.silenceMs(5)).toBeUndefined();
  });

  it("is naia's LossMonitor whenever the window is full, for any outcomes", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 64, maxLength: 600 }), (outcomes) => {
        const quality = new QualityAnalyzer({ windowPackets: 64 });
        const naia = new NaiaLossMonitor();
        let compared = 0;
        for (const lost of outcomes) {
          quality.recordPacket(lost);
          naia.record(lost);
          if (quality.lossWindow!.packets !== 64) continue;
          expect(quality.lossPerMille).toBeCloseTo(naia.lossFraction * 1_000, 9);
          compared++;
        }
        expect(compared).toBe(Math.floor((outcomes.length - 56) / 8));
      }),
    );
  });

  it("holds between 7/8 of the window and all of it, and reports exactly the outcomes in it", () => {
    const random = new SeededRandom(1);
    const outcomes: boolean[] = [];
    const quality = new QualityAnalyzer({ windowPackets: 1_000 });
    for (let i = 0; i < 5_000; i++) {
      outcomes.push(random.nextUnit() < 0.1);
      quality.recordPacket(outcomes.at(-1)!);
      const { packets, lost } = quality.lossWindow!;
      expect(lost).toBe(outcomes.slice(-packets).filter(Boolean).length);
      if (i >= 1_000) expect(packets > 875 && packets <= 1_000).toBe(true);
    }
  });

  it("forgets by time where packets are few, to the eighth of the window", () => {
    const quality = new QualityAnalyzer({ windowPackets: 1_000, windowMs: 8_000 });
    for (let ms = 0; ms < 4_000; ms += 100) quality.recordPacket(true, ms);
    expect(quality.lossWindow).toEqual({ packets: 40, lost: 40, ms: 3_900 });
    for (let ms = 4_000; ms < 8_000; ms += 100) quality.recordPacket(false, ms);
    expect(quality.lossWindow).toEqual({ packets: 80, lost: 40, ms: 7_900 });
    quality.recordPacket(false, 8_000); // the slice of 0..999 goes
    expect(quality.lossWindow).toEqual({ packets: 71, lost: 30, ms: 7_000 });
    quality.recordPacket(false, 11_500); // 1,000..4,499 are out of reach, 4,000..4,999 are still in
    expect(quality.lossWindow).toEqual({ packets: 42, lost: 0, ms: 7_500 });
    quality.recordPacket(true, 60_000);
    expect(quality.lossWindow).toEqual({ packets: 1, lost: 1, ms: 0 });
    expect(quality.silenceMs(61_500)).toBe(1_500);
  });

  it("reaches back no farther than its time and holds all of its last seven eighths, for any arrivals", () => {
    const gaps = fc.array(fc.tuple(fc.integer({ min: 0, max: 900 }), fc.boolean()), { maxLength: 300 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 80, max: 4_000 }), (steps, windowMs) => {
        const quality = new QualityAnalyzer({ windowMs, windowPackets: 1e6 });
        const seen: { readonly ms: number; readonly lost: boolean }[] = [];
        let nowMs = 0;
        for (const [gapMs, lost] of steps) {
          nowMs += gapMs;
          seen.push({ ms: nowMs, lost });
          quality.recordPacket(lost, nowMs);
          const window = quality.lossWindow!;
          expect(window.ms).toBeLessThanOrEqual(windowMs);
          expect(window.lost).toBe(seen.slice(-window.packets).filter((packet) => packet.lost).length);
          const recent = seen.filter(({ ms }) => ms > nowMs - Math.floor(windowMs / 8) * 7);
          expect(window.packets).toBeGreaterThanOrEqual(recent.length);
          expect(seen.at(-window.packets)!.ms).toBeGreaterThanOrEqual(nowMs - windowMs);
        }
      }),
    );
  });

  it("keeps the window right over the wrap of a u32 tick and through clocks that step back", () => {
    const start = 2 ** 32 - 4_000;
    const quality = new QualityAnalyzer({ windowMs: 8_000 });
    for (let i = 0; i <= 79; i++) quality.recordPacket(i < 40, start + i * 100);
    expect(quality.lossWindow).toEqual({ packets: 80, lost: 40, ms: 7_900 });
    expect(quality.silenceMs(start + 8_900)).toBe(1_000);
    quality.recordPacket(false, start + 7_000); // a little older than the last: counts, moves nothing
    expect(quality.lossWindow).toEqual({ packets: 81, lost: 40, ms: 7_900 });
    quality.recordPacket(false, start + 1e8); // one sample from the future empties the window once,
    quality.recordPacket(false, start + 8_000); // and does not hold it up for the 27 hours in between
    for (let i = 0; i < 90; i++) quality.recordPacket(true, start + 8_000 + i * 100);
    expect(quality.lossWindow!.ms).toBeLessThanOrEqual(8_000);
    expect(quality.lossWindow!.packets).toBeLessThanOrEqual(81);
  });

  it("does not truncate 0.1 % and 0.3 % away: equal to what the link really lost", () => {
    for (const perMille of [1, 3]) {
      const link = new SimulatedLink({ seed: perMille, loss: { kind: "independent", perMille } });
      const quality = new QualityAnalyzer({ windowPackets: 400_000 });
      const crate = new CrateLossRate();
      let crateSum = 0;
      for (let i = 0; i < 300_000; i++) {
        const lost = link.send(100, i) === 0;
        quality.recordPacket(lost);
        crate.record(lost);
        crateSum += crate.perMille;
      }
      expect(quality.lossPerMille).toBe(link.truth.lossPerMille);
      expect(Math.abs(quality.lossPerMille! / perMille - 1)).toBeLessThan(0.15); // the draw itself
      expect(crateSum / 300_000).toBeLessThan(perMille * 0.85); // what flooring makes of it
    }
  });

  it("never shows a rate in the middle of a step, as halving two counters does", () => {
    const crate = new CrateLossRate();
    let crateWorst = 0;
    const quality = new QualityAnalyzer();
    let worst = 0;
    for (let i = 0; i < 60_000; i++) {
      const lost = i % 4 === 0;
      crate.record(lost, (perMille) => (crateWorst = Math.max(crateWorst, perMille)));
      quality.recordPacket(lost);
      if (i > 1_000) worst = Math.max(worst, quality.lossPerMille!);
    }
    expect(crateWorst).toBeGreaterThan(450);
    expect(worst).toBeLessThan(251.5);
  });

  it("has forgotten an outage once a window of good packets has passed", () => {
    const quality = new QualityAnalyzer({ windowPackets: 10_000 });
    for (let i = 0; i < 10_001; i++) quality.recordPacket(true);
    let packets = 0;
    while (quality.lossPerMille! > 10) {
      quality.recordPacket(false);
      packets++;
    }
    expect(packets).toBeLessThanOrEqual(10_000); // the crate: 32,097
    expect(quality.lifetime).toMatchObject({ packets: 10_001 + packets, lost: 10_001 });
  });

  it("forgets everything on reset", () => {
    const quality = new QualityAnalyzer();
    quality.recordPacket(true, 5);
    quality.recordRtt(10);
    quality.reset();
    expect(quality.lossPerMille).toBeUndefined();
    expect(quality.rttMs).toBeUndefined();
    expect(quality.silenceMs(10)).toBeUndefined();
    expect(quality.lifetime.packets).toBe(0);
  });

  it("refuses options out of range, by name", () => {
    expect(() => new QualityAnalyzer({ windowPackets: 7 })).toThrow(/windowPackets/);
    expect(() => new QualityAnalyzer({ windowMs: 0 })).toThrow(/windowMs/);
    expect(() => new QualityAnalyzer({ sequenceBits: 24 as 16 })).toThrow(/sequenceBits/);
    expect(() => new QualityAnalyzer({ maxGap: 40_000 })).toThrow(/maxGap/);
    expect(() => new QualityAnalyzer({ timestampHz: 0 })).toThrow(/timestampHz/);
  });
});
