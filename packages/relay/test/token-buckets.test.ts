import { describe, expect, it } from "vitest";
import { parseEndpoint } from "@udp-relay/address-validation";
import fc from "fast-check";
import { LimitHash } from "../src/limits/limit-hash.ts";
import { ratePerMinute, ratePerSecond } from "../src/limits/token-buckets.ts";
import { RelayMemory } from "../src/shared/relay-memory.ts";

const TWENTY = ratePerMinute(20)!;

function buckets(pingPrefixes = 64) {
  const memory = RelayMemory.create({ workers: 1, slots: 4, pingPrefixes, pairs: 64 });
  const hash = new LimitHash(memory.region.hashKeys);
  const take = (address: string, nowMs: number): boolean =>
    memory.pings.take(hash.ofPrefix(parseEndpoint(address)), nowMs * 1_000, TWENTY);
  const taken = (address: string, now: number, tries: number): number => {
    let n = 0;
    for (let i = 0; i < tries; i++) if (take(address, now)) n++;
    return n;
  };
  return { memory, hash, taken };
}

describe("token buckets in shared memory", () => {
  it("let 20 pass at once and 20 a minute from then on", () => {
    const { taken } = buckets();
    expect(taken("192.0.2.1:1", 0, 30)).toBe(20);
    expect(taken("192.0.2.1:1", 2_999, 5)).toBe(0);
    expect(taken("192.0.2.1:1", 3_000, 5)).toBe(1);
    expect(taken("192.0.2.1:1", 123_000, 30)).toBe(20);
  });

  it("count an IPv4 address and an IPv6 /64 as one source, whatever the port", () => {
    const { taken } = buckets();
    expect(taken("192.0.2.1:1", 0, 20) + taken("192.0.2.1:2", 0, 20)).toBe(20);
    expect(taken("192.0.2.2:1", 0, 1)).toBe(1);
    expect(taken("[2001:db8::1]:1", 0, 20) + taken("[2001:db8::ffff:1]:1", 0, 20)).toBe(20);
    expect(taken("[2001:db8:0:1::1]:1", 0, 1)).toBe(1);
  });

  it("go on across the wrap of the clock", () => {
    const { taken } = buckets();
    const start = (2 ** 32 - 1_500_000) / 1_000;
    expect(taken("192.0.2.1:1", start, 30)).toBe(20);
    expect(taken("192.0.2.1:1", start + 2_999, 5)).toBe(0);
    expect(taken("192.0.2.1:1", start + 3_000, 5)).toBe(1);
  });

  it.each([0.001, 1, 50, 4_000])("are not full again for a thread that read the clock %d ms before", (ms) => {
    const { taken } = buckets();
    expect(taken("192.0.2.1:1", 10_000, 30)).toBe(20);
    expect(taken("192.0.2.1:1", 10_000 - ms, 30)).toBe(0);
    expect(taken("192.0.2.1:1", 13_000, 30)).toBe(1);
    expect(taken("192.0.2.1:1", 13_000 - ms, 30)).toBe(0);
  });

  it("agree in every thread's view of the region", () => {
    const { memory, hash, taken } = buckets();
    const other = RelayMemory.attach(memory.shared);
    expect(taken("192.0.2.1:1", 0, 15)).toBe(15);
    let rest = 0;
    for (let i = 0; i < 15; i++) {
      if (other.pings.take(hash.ofPrefix(parseEndpoint("192.0.2.1:9")), 0, TWENTY)) rest++;
    }
    expect(rest).toBe(5);
  });

  it("let pass what a bucket of that size and rate lets pass, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        (perSecond, gaps, startMicros) => {
          const memory = RelayMemory.create({ workers: 1, slots: 1, pingPrefixes: 8, pairs: 8 });
          const rate = ratePerSecond(perSecond)!;
          // The law written down once more: a bucket of perSecond tokens that fills at perSecond a second.
          let tokens = perSecond;
          let elapsed = 0;
          for (const gap of gaps) {
            elapsed += gap;
            tokens = Math.min(perSecond, tokens + gap / Math.floor(1e6 / perSecond));
            const passed = memory.pairs.take(7, (startMicros + elapsed) >>> 0, rate);
            expect(passed).toBe(tokens > 1 - 1e-6);
            if (passed) tokens -= 1;
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("THREATS 'ping flood': token bucket per address prefix, old clients keep theirs", () => {
  it("keeps >= 90 % of the pings of 200 existing clients while 10,000 spoofed addresses ping 20 times each", () => {
    const { memory, hash } = buckets(65_536);
    const take = (address: string, nowMs: number): boolean =>
      memory.pings.take(hash.ofPrefix(parseEndpoint(address)), nowMs * 1_000, TWENTY);
    let asked = 0;
    let answered = 0;
    for (let second = 0; second < 60; second += 6) {
      for (let i = 0; i < 10_000; i++) {
        take(`198.18.${i >> 8}.${i & 255}:9`, second * 1_000);
        take(`198.18.${i >> 8}.${i & 255}:9`, second * 1_000);
      }
      for (let client = 0; client < 200; client++) {
        asked++;
        if (take(`203.0.113.${client}:5`, second * 1_000)) answered++;
      }
    }
    expect(asked).toBe(2_000);
    expect(answered).toBeGreaterThanOrEqual(1_800);
  });

  it("keeps every old bucket when the table is overrun, and stays as small as it was", () => {
    const { memory, taken } = buckets(64);
    expect(taken("192.0.2.1:1", 0, 1)).toBe(1);
    for (let i = 0; i < 10_000; i++) taken(`198.18.${i >> 8}.${i & 255}:9`, 10, 1);
    expect(taken("192.0.2.1:1", 20, 30)).toBe(19);
    expect(memory.pings.capacity).toBe(64);
  });
});
