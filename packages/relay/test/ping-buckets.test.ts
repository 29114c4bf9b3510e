import { describe, expect, it } from "vitest";
import { parseEndpoint } from "@udp-relay/address-validation";
import { PingBuckets } from "../src/limits/ping-buckets.ts";

const from = (text: string) => parseEndpoint(text);
const taken = (buckets: PingBuckets, text: string, nowMs: number, tries: number): number => {
  let n = 0;
  for (let i = 0; i < tries; i++) if (buckets.take(from(text), nowMs)) n++;
  return n;
};

describe("ping buckets", () => {
  it("answers 20 at once and 20 a minute from then on", () => {
    const buckets = new PingBuckets(20);
    expect(taken(buckets, "192.0.2.1:1", 0, 30)).toBe(20);
    expect(taken(buckets, "192.0.2.1:1", 2_999, 5)).toBe(0);
    expect(taken(buckets, "192.0.2.1:1", 3_000, 5)).toBe(1);
    expect(taken(buckets, "192.0.2.1:1", 123_000, 30)).toBe(20);
  });

  it("counts an IPv4 address and an IPv6 /64 as one source, whatever the port", () => {
    const buckets = new PingBuckets(2);
    expect(taken(buckets, "192.0.2.1:1", 0, 2)).toBe(2);
    expect(taken(buckets, "192.0.2.1:2", 0, 1)).toBe(0);
    expect(taken(buckets, "192.0.2.2:1", 0, 1)).toBe(1);
    expect(taken(buckets, "[2001:db8::1]:1", 0, 2)).toBe(2);
    expect(taken(buckets, "[2001:db8::ffff:1]:1", 0, 1)).toBe(0);
    expect(taken(buckets, "[2001:db8:0:1::1]:1", 0, 1)).toBe(1);
  });

  it("keeps what old sources have while 10,000 spoofed ones flood it", () => {
    const buckets = new PingBuckets(20, 1_000);
    expect(taken(buckets, "192.0.2.1:1", 0, 1)).toBe(1);
    for (let i = 0; i < 10_000; i++) {
      buckets.take(from(`198.18.${i >> 8}.${i & 255}:9`), 10);
      expect(buckets.size).toBeLessThanOrEqual(1_000);
    }
    expect(taken(buckets, "192.0.2.1:1", 20, 30)).toBe(19);
  });

  it("answers nobody at a rate of 0", () => {
    expect(new PingBuckets(0).take(from("192.0.2.1:1"), 0)).toBe(false);
  });
});
