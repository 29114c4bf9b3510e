import { allocate, instantiate } from "@udp-relay/atomics-layout/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const memory = allocate(64);
const wide = new BigInt64Array(memory.buffer);
const unsigned = new BigUint64Array(memory.buffer);
const words = new Int32Array(memory.buffer);
const ops = instantiate(memory, []);
const AT = 16;

const EDGES = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];

describe("64-bit operations", () => {
  it.each(EDGES)("store, load, exchange and compare %d exactly", (value) => {
    ops.store64(AT, value);
    expect(unsigned[2]).toBe(BigInt(value));
    expect(ops.load64(AT)).toBe(value);
    expect(ops.exchange64(AT, 5)).toBe(value);
    expect(ops.compareExchange64(AT, 6, value)).toBe(5);
    expect(ops.load64(AT)).toBe(5);
    expect(ops.compareExchange64(AT, 5, value)).toBe(5);
    expect(ops.load64(AT)).toBe(value);
  });

  it("add across 2^31, 2^32 and up to 2^53, and subtract back", () => {
    for (const edge of EDGES) {
      ops.store64(AT, edge);
      expect(ops.add64(AT, 1)).toBe(edge);
      expect(unsigned[2]).toBe(BigInt(edge) + 1n);
      expect(ops.add64(AT, -1)).toBe(edge + 1);
      expect(ops.load64(AT)).toBe(edge);
    }
    expect(ops.load64(AT)).toBe(2 ** 53 - 1);
    ops.add64(AT, 1);
    expect(ops.load64(AT)).toBe(2 ** 53);
  });

  it("wrap modulo 2^64, in both directions", () => {
    unsigned[2] = 2n ** 64n - 1n;
    expect(ops.load64(AT)).toBe(2 ** 64);
    expect(ops.loadSigned64(AT)).toBe(-1);
    ops.add64(AT, 1);
    expect(unsigned[2]).toBe(0n);
    ops.add64(AT, -1);
    expect(unsigned[2]).toBe(2n ** 64n - 1n);
    wide[2] = 2n ** 63n - 1n;
    ops.add64(AT, 1);
    expect(wide[2]).toBe(-(2n ** 63n));
  });

  it("keep negative safe integers in two's complement", () => {
    for (const value of [-1, -(2 ** 31), -(2 ** 32), -(2 ** 53) + 1]) {
      ops.store64(AT, value);
      expect(wide[2]).toBe(BigInt(value));
      expect(ops.loadSigned64(AT)).toBe(value);
    }
  });

  it("equal BigInt arithmetic for any safe integers", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (start, change) => {
        ops.store64(AT, start);
        ops.add64(AT, change);
        expect(unsigned[2]).toBe(BigInt.asUintN(64, BigInt(start) + BigInt(change)));
      }),
      { numRuns: 2_000, seed: 13 },
    );
  });

  it("touch nothing beside their eight bytes", () => {
    words.fill(-1);
    ops.store64(AT, 0);
    ops.add64(AT, 2 ** 53 - 1);
    ops.casPair(AT, -1, 0x1f_ffff, 0, 0);
    expect([...words].filter((word, i) => word !== -1 && i !== 4 && i !== 5)).toEqual([]);
    words.fill(0);
  });

  it("trap on a wrong offset", () => {
    for (const offset of [65_536, 65_532, -8, 4, 1]) {
      expect(() => ops.load64(offset), String(offset)).toThrow(/out of bounds|unaligned/i);
      expect(() => ops.add64(offset, 1), String(offset)).toThrow(/out of bounds|unaligned/i);
      expect(() => ops.casPair(offset, 0, 0, 1, 1), String(offset)).toThrow(/out of bounds|unaligned/i);
    }
  });
});

describe("32-bit operations", () => {
  it.each([0, 1, -1, 2 ** 31 - 1, -(2 ** 31)])("do to a word what Atomics' do: %d", (value) => {
    words.fill(7);
    ops.store32(AT, value);
    expect([words[3], words[4], words[5]]).toEqual([7, value, 7]);
    expect(ops.load32(AT)).toBe(value);
    expect(ops.compareExchange32(AT, value ^ 1, 5)).toBe(value);
    expect(ops.add32(AT, 1)).toBe(value);
    expect(words[4]).toBe((value + 1) | 0);
    expect(ops.compareExchange32(AT, value + 1, 5)).toBe((value + 1) | 0);
    expect([words[3], words[4], words[5]]).toEqual([7, 5, 7]);
    words.fill(0);
  });

  it("trap on a wrong offset", () => {
    for (const offset of [65_536, -4, 2, 1]) {
      expect(() => ops.load32(offset), String(offset)).toThrow(/out of bounds|unaligned/i);
      expect(() => {
        ops.store32(offset, 1);
      }, String(offset)).toThrow(/out of bounds|unaligned/i);
      expect(() => ops.compareExchange32(offset, 0, 1), String(offset)).toThrow(/out of bounds|unaligned/i);
    }
  });
});

describe("pairs", () => {
  it("are two words that change together", () => {
    ops.storePair(AT, -7, 0x7fff_ffff);
    expect([words[4], words[5]]).toEqual([-7, 0x7fff_ffff]);
    expect([ops.loadPair(AT), ops.pairHigh()]).toEqual([-7, 0x7fff_ffff]);
    expect(ops.casPair(AT, -7, 0x7fff_fffe, 1, 2)).toBe(0);
    expect([ops.pairLow(), ops.pairHigh()]).toEqual([-7, 0x7fff_ffff]);
    expect(ops.casPair(AT, -7, 0x7fff_ffff, 1, -2)).toBe(1);
    expect([words[4], words[5]]).toEqual([1, -2]);
    expect([ops.exchangePair(AT, 3, 4), ops.pairHigh()]).toEqual([1, -2]);
    expect([words[4], words[5]]).toEqual([3, 4]);
  });

  it("take unsigned words as well", () => {
    ops.storePair(AT, 0xffff_ffff, 0x8000_0000);
    expect(ops.casPair(AT, 0xffff_ffff, 0x8000_0000, 0, 0)).toBe(1);
  });
});

describe("the multilinear hash", () => {
  const int = fc.oneof(fc.integer(), fc.constantFrom(0, -1, -0x8000_0000));
  const wide64 = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

  it("is the upper half of (m0 + a)(m1 + b) + (m2 + c)(m3 + d), and touches no memory", () => {
    const before = words.slice();
    fc.assert(
      fc.property(
        fc.array(int, { minLength: 8, maxLength: 8 }),
        fc.tuple(int, int, int, int),
        (multipliers, [a, b, c, d]) => {
          const [l0, h0, l1, h1, l2, h2, l3, h3] = multipliers as [
            ...[number, number, number, number],
            ...[number, number, number, number],
          ];
          ops.setMultipliers(l0, h0, l1, h1, l2, h2, l3, h3);
          const sum =
            (wide64(l0, h0) + wide64(a, 0)) * (wide64(l1, h1) + wide64(b, 0)) +
            (wide64(l2, h2) + wide64(c, 0)) * (wide64(l3, h3) + wide64(d, 0));
          expect(ops.multilinear(a, b, c, d)).toBe(Number(BigInt.asIntN(32, sum >> 32n)));
        },
      ),
      { seed: 64, numRuns: 300 },
    );
    expect(words).toEqual(before);
  });

  it("has its multipliers by instance: two of one memory do not share them", () => {
    const [one, other] = [instantiate(memory, []), instantiate(memory, [])];
    one.setMultipliers(0, 1, 0, 0, 0, 0, 0, 0);
    expect([one.multilinear(0, 7, 0, 0), other.multilinear(0, 7, 0, 0)]).toEqual([7, 0]);
  });
});
