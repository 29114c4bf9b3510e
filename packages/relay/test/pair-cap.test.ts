import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LimitHash } from "../src/limits/limit-hash.ts";
import { PairCap } from "../src/limits/pair-cap.ts";
import { RelayMemory } from "../src/shared/relay-memory.ts";

/** Threads' caps over one memory. */
function caps(perSecond: number, threads = 1): PairCap[] {
  const first = RelayMemory.create({ workers: 1, slots: 4, pingPrefixes: 8 });
  return Array.from({ length: threads }, (_, i) => {
    const memory = i === 0 ? first : RelayMemory.attach(first.shared);
    const { hashKeys } = memory.region;
    return new PairCap(memory.pairs, new LimitHash(hashKeys), hashKeys, perSecond);
  });
}

describe("the cap on pairs", () => {
  it.each([1, 50, 127])("below 128 a second is exact for all threads together: %i", (perSecond) => {
    const [one, other] = caps(perSecond, 2);
    let passed = 0;
    for (let i = 0; i < 1_000; i++) if ((i % 3 === 0 ? one : other)!.pass(1, 2, 0)) passed++;
    expect(passed).toBe(perSecond);
  });

  it("lets no thread pass more than 15 beyond the cap, and only once", () => {
    const [one, other] = caps(1_000, 2);
    let passed = 0;
    for (let i = 0; i < 10_000; i++) if ((i % 2 === 0 ? one : other)!.pass(1, 2, 0)) passed++;
    expect(passed).toBeGreaterThanOrEqual(1_000);
    expect(passed).toBeLessThanOrEqual(1_030);
    let later = 0;
    for (let second = 1; second <= 20; second++) {
      for (let i = 0; i < 3_000; i++) if ((i % 2 === 0 ? one : other)!.pass(1, 2, second * 1e6)) later++;
    }
    expect(later).toBeLessThanOrEqual(20 * 1_000 + 30);
    expect(later).toBeGreaterThanOrEqual(20 * 1_000 - 30);
  });

  it("is each pair's own, in each direction", () => {
    const [cap] = caps(1_000);
    for (let i = 0; i < 2_000; i++) cap!.pass(1, 2, 0);
    expect(cap!.pass(1, 2, 0)).toBe(false);
    expect(cap!.pass(2, 1, 0)).toBe(true);
    expect(cap!.pass(1, 3, 0)).toBe(true);
  });

  it("20,000 pairs share 8,192 accounts: none passes more than its cap and 15, none that keeps to it is refused", () => {
    const [cap] = caps(256);
    const pairs = 20_000;
    let refused = 0;
    // 100 datagrams each, at the same moment, in turns: as many accounts change hands as can.
    for (let round = 0; round < 100; round++) {
      for (let id = 1; id <= pairs; id += 7) if (!cap!.pass(id, id + 1, 0)) refused++;
    }
    expect(refused).toBe(0);
    let passed = 0;
    for (let i = 0; i < 2_000; i++) {
      if (cap!.pass(8, 9, 0)) passed++;
      cap!.pass(1 + 7 * (i % 2_800), 2 + 7 * (i % 2_800), 0);
    }
    expect(passed).toBeLessThanOrEqual(256 - 100 + 15);
    expect(passed).toBeGreaterThanOrEqual(256 - 100);
  });

  it("pairs that take each other's accounts gain less than a 16th of it", () => {
    const perSecond = 640;
    // Strangers come in such numbers that its account is soon taken over.
    const [cap] = caps(perSecond);
    const seconds = 2;
    const everyMicros = 250;
    let passed = 0;
    for (let now = 0, n = 0; now < seconds * 1e6; now += everyMicros, n++) {
      if (cap!.pass(1, 2, now)) passed++;
      if (n % 32 !== 0) continue;
      for (let id = 0; id < 2_000; id++) cap!.pass(10 + id + 2_000 * n, 5, now);
    }
    expect(passed).toBeLessThanOrEqual(perSecond * (1 + seconds) + (perSecond * seconds) / 16 + 15);
    expect(passed).toBeGreaterThanOrEqual(perSecond * (1 + seconds) - 15);
  });

  it("slow pairs need no bucket: 50,000 of one datagram a second pass where there is room for eight", () => {
    const memory = RelayMemory.create({ workers: 1, slots: 4, pingPrefixes: 8, pairs: 8 });
    const { hashKeys } = memory.region;
    const cap = new PairCap(memory.pairs, new LimitHash(hashKeys), hashKeys, 1_000);
    let refused = 0;
    for (let now = 0, id = 1; now < 3e6; now += 20, id = (id % 50_000) + 1) {
      if (!cap.pass(id, id + 1, now)) refused++;
    }
    expect(refused).toBe(0);
  });

  it("0 is no cap", () => {
    const [cap] = caps(0);
    for (let i = 0; i < 10_000; i++) expect(cap!.pass(1, 2, 0)).toBe(true);
  });

  it("over any stretch lets pass what the bucket does, give or take a thread's account", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 128, max: 5_000 }),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 3_000 }),
        (perSecond, gaps) => {
          const [cap] = caps(perSecond);
          const tokenMicros = Math.floor(1e6 / perSecond);
          let now = 0;
          let passed = 0;
          for (const gap of gaps) {
            now += gap;
            if (cap!.pass(1, 2, now)) passed++;
          }
          expect(passed).toBeLessThanOrEqual(perSecond + now / tokenMicros + 15);
        },
      ),
      { numRuns: 50 },
    );
  });
});
