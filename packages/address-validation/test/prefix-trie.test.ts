import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressPolicy, endpointFromWords, parsePrefix, prefixContains } from "../src/index.ts";
import { isIPv4 } from "../src/endpoint.ts";
import { maskOf } from "../src/prefix.ts";
import { PrefixTrie } from "../src/prefix-trie.ts";
import type { PrefixEntry } from "../src/prefix-trie.ts";
import { Random } from "./random.ts";

const find = (trie: PrefixTrie, words: readonly [number, number, number, number]): number => {
  const [a0, a1, a2, a3] = words;
  return isIPv4(endpointFromWords(a0, a1, a2, a3, 0)) ? trie.find4(a3) : trie.find6(a0, a1, a2, a3);
};

const scan = (entries: readonly PrefixEntry[], words: readonly [number, number, number, number]): number => {
  const address = endpointFromWords(...words, 0);
  let best: PrefixEntry | undefined;
  for (const entry of entries) {
    if (prefixContains(entry, address) && (best === undefined || entry.bits >= best.bits)) best = entry;
  }
  return best?.value ?? 0;
};

type Words = [number, number, number, number];

const entryOf = ([a0, a1, a2, a3]: Words, bits: number, value: number): PrefixEntry => ({
  address: endpointFromWords(
    a0 & maskOf(Math.min(32, bits)),
    a1 & maskOf(Math.min(32, Math.max(0, bits - 32))),
    a2 & maskOf(Math.min(32, Math.max(0, bits - 64))),
    a3 & maskOf(Math.min(32, Math.max(0, bits - 96))),
    0,
  ),
  bits,
  value,
});

describe("PrefixTrie", () => {
  it("finds what a scan over all prefixes finds", () => {
    // Few values a word, so that prefixes share long beginnings, nest and repeat.
    const word = fc.oneof(
      fc.constantFrom(0, -1, 0x20010db8, 0x7fffffff),
      fc.integer({ min: 0, max: 3 }),
      fc.integer(),
    );
    const words = fc.oneof(
      fc.tuple(word, word, word, word),
      fc.tuple(fc.constant(0), fc.constant(0), fc.constant(0xffff), word),
    );
    const entry = fc
      .tuple(words, fc.integer({ min: 0, max: 128 }), fc.integer({ min: 0, max: 2 ** 31 - 1 }))
      .map(([address, bits, value]) => entryOf(address, isMapped(address) ? 96 + (bits % 33) : bits, value))
      // A short IPv6 prefix can turn out as the mapped beginning, which is an IPv4 prefix in disguise.
      .filter(({ address, bits }) => !isIPv4(address) || bits >= 96);
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 40 }),
        fc.array(words, { maxLength: 20 }),
        (entries, probes) => {
          const trie = new PrefixTrie(entries);
          const inside = entries.map(({ address: { a0, a1, a2, a3 } }): Words => [a0, a1, a2, a3]);
          for (const probe of [...probes, ...inside]) expect(find(trie, probe)).toBe(scan(entries, probe));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("answers the default where it is empty", () => {
    expect(new PrefixTrie([], 7).find4(1)).toBe(7);
    expect(new PrefixTrie([], 7).find6(1, 2, 3, 4)).toBe(7);
    expect(new PrefixTrie([]).byteLength).toBe(0);
  });

  it("holds the whole of a family, and single addresses", () => {
    const entries = [
      { ...parsePrefix("0.0.0.0/0"), value: 1 },
      { ...parsePrefix("::/0"), value: 2 },
      { ...parsePrefix("1.2.3.4"), value: 3 },
      { ...parsePrefix("::1"), value: 4 },
    ];
    const trie = new PrefixTrie(entries);
    expect([trie.find4(0x01020304), trie.find4(0x01020305), trie.find4(-1)]).toEqual([3, 1, 1]);
    expect([trie.find6(0, 0, 0, 1), trie.find6(0, 0, 0, 2), trie.find6(-1, -1, -1, -1)]).toEqual([4, 2, 2]);
  });
});

describe("a policy of 10,000 prefixes", () => {
  const random = new Random(10_000);
  const deny = Array.from({ length: 10_000 }, (_, index) => {
    if (index % 2 === 0) {
      const length = 8 + random.below(25);
      const word = (random.next() & maskOf(length)) >>> 0;
      return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}/${length}`;
    }
    const groups = [0x2000 + random.below(0x1000), random.below(0x10000), random.below(0x10000)];
    return `${groups.map((group) => group.toString(16)).join(":")}::/48`;
  });

  it("judges as a scan over the list", () => {
    const policy = AddressPolicy.preset("crate", { deny });
    const prefixes = deny.map(parsePrefix);
    let denied = 0;
    for (let i = 0; i < 300; i++) {
      const { address } = random.pick(prefixes);
      const probe = endpointFromWords(
        address.a0,
        address.a1,
        address.a2,
        address.a3 ^ (random.next() >>> random.below(32)),
        9,
      );
      const expected = prefixes.some((prefix) => prefixContains(prefix, probe));
      if (expected) denied++;
      const verdict = policy.judge(probe);
      if (expected) expect(verdict).toBe(4);
      else expect(verdict).not.toBe(4);
    }
    expect(denied).toBeGreaterThan(100);
    expect(denied).toBeLessThan(300);
  });

  it("stays small: no more than 128 bytes a prefix", () => {
    expect(AddressPolicy.preset("crate", { deny }).byteLength).toBeLessThan(128 * 10_000);
  });
});

function isMapped([a0, a1, a2]: Words): boolean {
  return a0 === 0 && a1 === 0 && a2 === 0xffff;
}
