import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressPolicy, parseAddress, reasonName } from "../src/index.ts";

describe("the compiled table", () => {
  // Few distinct bits, so that random prefixes nest, repeat and meet special-purpose blocks.
  const address4 = fc
    .tuple(
      fc.constantFrom(0, 10, 127, 192, 198, 224),
      fc.constantFrom(0, 18, 64, 128, 255),
      fc.constantFrom(0, 1, 128),
      fc.constantFrom(0, 1, 9, 255),
    )
    .map((octets) => octets.join("."));
  const address6 = fc
    .tuple(
      fc.constantFrom("2001", "2002", "64", "fe80", "0", "3fff"),
      fc.constantFrom("0", "db8", "ff9b", "7f00", "8000"),
      fc.constantFrom("0", "1", "8000"),
      fc.constantFrom("0", "ffff"),
      fc.constantFrom("0", "1"),
      fc.constantFrom("0", "ffff"),
      fc.constantFrom("0", "7f00", "a00"),
      fc.constantFrom("0", "1", "ffff"),
    )
    .map((groups) => groups.join(":"));
  const anyAddress = fc.oneof(address4, address6);
  const prefix = fc
    .oneof(
      fc.tuple(address4, fc.integer({ min: 0, max: 32 })),
      fc.tuple(address6, fc.integer({ min: 0, max: 128 })),
    )
    .map(([text, length]) => masked(text, length));
  const options = fc.record({
    preset: fc.constantFrom("crate" as const, "public-only" as const, "lan" as const, "turn-server" as const),
    allow: fc.array(prefix, { maxLength: 8 }),
    deny: fc.array(prefix, { maxLength: 8 }),
    unlisted: fc.constantFrom("preset" as const, "deny" as const),
    own: fc.array(
      // The wildcard, mapped too, is refused as an address of one's own.
      anyAddress.filter((text) => !/^([0.:]+|0:0:0:0:0:ffff:0:0)$/.test(text)),
      { maxLength: 2 },
    ),
    nat64Prefixes: fc.subarray(["2001:db8::/32", "64:ff9b:1::/48", "3fff::/96", "2002:7f00:1:ffff::/64"]),
  });

  it("decides as the rules read one after the other, for any rules and any address", () => {
    fc.assert(
      fc.property(options, fc.array(anyAddress, { minLength: 1, maxLength: 20 }), (drawn, texts) => {
        // What is both allowed and denied is refused, however it is written.
        const denied = new Set(drawn.deny.map(unmapped));
        const allow = drawn.allow.filter((text) => !denied.has(unmapped(text)));
        const policy = new AddressPolicy({ ...drawn, allow });
        for (const text of [...texts, ...drawn.allow.map((item) => item.replace(/\/.*/, ""))]) {
          const endpoint = parseAddress(text, 5_000);
          const verdict = policy.judge(endpoint);
          const explained = policy.explain(endpoint);
          expect(explained).toContain(
            verdict === 0 ? " is accepted: " : ` is refused (${reasonName(verdict)}): `,
          );
        }
      }),
      { numRuns: 600 },
    );
  });
});

/** The prefix of that length around an address, in text. */
function masked(text: string, length: number): string {
  const v6 = text.includes(":");
  const [groups, bits] = v6
    ? [text.split(":").map((group) => parseInt(group, 16)), 16]
    : [text.split(".").map(Number), 8];
  const kept = groups.map((group, index) => {
    const own = Math.max(0, Math.min(bits, length - bits * index));
    return group & ((2 ** bits - 1) ^ (2 ** (bits - own) - 1));
  });
  return `${kept.map((group) => group.toString(v6 ? 16 : 10)).join(v6 ? ":" : ".")}/${length}`;
}

/** A mapped prefix as the IPv4 one that it is. */
function unmapped(prefix: string): string {
  const [, high = "", low = "", length = ""] = /^0:0:0:0:0:ffff:(\w+):(\w+)\/(\d+)$/.exec(prefix) ?? [];
  if (length === "" || Number(length) < 96) return prefix;
  const octets = [high, low].map((group) => parseInt(group, 16)).flatMap((word) => [word >> 8, word & 255]);
  return `${octets.join(".")}/${Number(length) - 96}`;
}
