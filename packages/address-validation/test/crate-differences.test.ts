import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AddressPolicy, classify, isIPv4, parseAddress, reasonName, validateAddress } from "../src/index.ts";

const crate = JSON.parse(
  readFileSync(new URL("data/crate-validate-address.json", import.meta.url), "utf8"),
) as { source: string; vectors: [address: string, valid: boolean, validWithoutPort: boolean][] };
const policy = AddressPolicy.preset("crate");

/** How an address carries the IPv4 address that ours refuses and the crate does not look at. */
const formOf = (text: string): string => {
  const address = parseAddress(text);
  return isIPv4(address) ? "mapped" : (classify(address).embedded?.embedding ?? "none");
};

describe(`preset crate against ${crate.source}`, () => {
  it("differs only where an IPv6 address carries an IPv4 address of the refused classes", () => {
    const forms: Record<string, number> = {};
    for (const [text, theirs] of crate.vectors) {
      const code = policy.judge(parseAddress(text, 1234));
      if ((code === 0) === theirs) continue;
      // Never the other way round: what the crate refuses is refused.
      expect([text, theirs]).toEqual([text, true]);
      const form = formOf(text);
      expect(reasonName(code).replace("embedded-", "")).toMatch(
        /^(loopback|unspecified|multicast|broadcast)$/,
      );
      forms[form] = (forms[form] ?? 0) + 1;
    }
    // Each difference is a committed vector. Six IPv4 addresses of the data are refused: 0.0.0.0, 127.0.0.0,
    // 127.255.255.255, 224.0.0.0, 239.255.255.255 and 255.255.255.255. As compatible address the first is :: itself,
    // which the crate refuses too. The first and last addresses of 2002::/16, 2001::/32 and 64:ff9b:1::/48 carry
    // 0.0.0.0 and 255.255.255.255 as well.
    expect(forms).toEqual({
      mapped: 6,
      "ipv4-compatible": 5,
      "ipv4-translated": 6,
      "6to4": 8,
      teredo: 8,
      nat64: 6,
      "nat64-local-use": 8,
    });
  });

  it("agrees on everything else, and on port 0", () => {
    expect(crate.vectors.length).toBeGreaterThan(700);
    for (const [text, theirs, theirsWithoutPort] of crate.vectors) {
      expect(theirsWithoutPort).toBe(false);
      expect(policy.judge(parseAddress(text, 0))).not.toBe(0);
      expect(validateAddress(text, 0)).toBe(false);
      if (formOf(text) === "none" && text.includes(":"))
        expect([text, validateAddress(text, 1234)]).toEqual([text, theirs]);
      if (!text.includes(":")) expect([text, validateAddress(text, 1234)]).toEqual([text, theirs]);
    }
  });

  it("passes the crate's own tests of validate_address", () => {
    for (const [host, port, valid] of [
      ["127.0.0.1", 1234, false],
      ["1.2.3.4", 0, false],
      ["0.0.0.0", 1234, false],
      ["255.255.255.255", 1234, false],
      ["224.0.0.1", 1234, false],
      ["1.2.3.4", 1234, true],
      ["192.168.1.1", 8080, true],
      ["::1", 1234, false],
      ["::", 1234, false],
      ["ff02::1", 1234, false],
      ["2001:db8::1", 443, true],
      ["2001:db8::1", 0, false],
    ] as const) {
      expect([host, port, validateAddress(host, port)]).toEqual([host, port, valid]);
    }
  });
});

describe("validateAddress", () => {
  it("is false for what is no address or port, and never throws", () => {
    for (const host of [
      "",
      "localhost",
      "1.2.3",
      "01.2.3.4",
      "1.2.3.4:5",
      "[::1]",
      "::1%1",
      "fe80::1%",
      null,
      undefined,
      7,
    ]) {
      expect(validateAddress(host as string, 1234)).toBe(false);
    }
    for (const port of [-1, 65_536, 0.5, NaN, Infinity, "53", null, undefined]) {
      expect(validateAddress("1.2.3.4", port as number)).toBe(false);
    }
  });
});
