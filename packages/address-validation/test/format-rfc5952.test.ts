import ipaddr from "ipaddr.js";
import { describe, expect, it } from "vitest";
import { endpointFromWords, formatAddress, parseAddress } from "../src/index.ts";
import { Random } from "./random.ts";

describe("formatAddress", () => {
  it.each([
    // RFC 5952 section 4.1: leading zeros, 4.2.1: as short as possible, 4.2.2: never for one group, 4.2.3: the longest
    // run, the first of equals; 4.3: lower case.
    ["2001:0db8::0001", "2001:db8::1"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:DB8::AAAA", "2001:db8::aaaa"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1:0:0:0:0:0:0:0", "1::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["0:1:0:0:0:0:0:0", "0:1::"],
    ["0:0:1:1:1:1:0:0", "::1:1:1:1:0:0"],
  ])("writes %s as %s", (text, expected) => {
    expect(formatAddress(parseAddress(text))).toBe(expected);
  });

  it("agrees with ipaddr.js on addresses full of zeros", () => {
    const random = new Random(5952);
    for (let i = 0; i < 20_000; i++) {
      const word = (): number =>
        (random.below(2) ? (random.below(2) << 16) | random.below(2) : random.next()) | 0;
      const endpoint = endpointFromWords(word() | 1, word(), word(), word(), 0);
      const { a0, a1, a2, a3 } = endpoint;
      const parts = [a0, a1, a2, a3].flatMap((value) => [value >>> 16, value & 0xffff]);
      expect(formatAddress(endpoint)).toBe(new ipaddr.IPv6(parts).toRFC5952String());
    }
  });
});
