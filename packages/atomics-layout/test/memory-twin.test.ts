import fc from "fast-check";
import { runAlone } from "@udp-relay/model-check";
import { describe, expect, it } from "vitest";
import * as memory from "@udp-relay/atomics-layout/memory";
import type { CompoundUpdate, RegionOps, Words } from "@udp-relay/atomics-layout/memory";

type Twin = typeof import("../src/memory-model.ts");
type Real = typeof import("../src/memory.ts");
// The checker's hooks are in place from here on: importing its package installed them.
const twin: Twin = await import("../src/memory-model.ts");

/** True only of types that are identical, not merely assignable to each other. */

type Probe<One> = <Value>() => Value extends One ? 1 : 2;
type Same<One, Other> = Probe<One> extends Probe<Other> ? true : false;

// The compiler refuses this file as soon as one of the two modules has an export, a parameter or a result that the
// other has not.
const sameExports: Same<keyof Real, keyof Twin> = true;
const sameSignatures: { readonly [Name in keyof Real]: Same<Real[Name], Twin[Name]> } = {
  PAGE_BYTES: true,
  add: true,
  allocate: true,
  and: true,
  bytesOf: true,
  compareExchange: true,
  doublesOf: true,
  exchange: true,
  floatsOf: true,
  instantiate: true,
  load: true,
  notify: true,
  or: true,
  pause: true,
  peek: true,
  peek16: true,
  peek8: true,
  peekF32: true,
  peekF64: true,
  poke: true,
  poke16: true,
  poke8: true,
  pokeF32: true,
  pokeF64: true,
  readBytes: true,
  shortsOf: true,
  store: true,
  sub: true,
  wait: true,
  wordsOf: true,
  writeBytes: true,
  xor: true,
};

describe("the memory module's twin under the model checker", () => {
  it("has the same exports with the same types", () => {
    expect(sameExports).toBe(true);
    expect(Object.keys(sameSignatures).sort()).toEqual(Object.keys(memory).sort());
  });

  it("exports the same names at run time", () => {
    expect(Object.keys(twin).sort()).toEqual(Object.keys(memory).sort());
  });

  it("does to memory, and gives, what the real one does", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const real = perform(memory, operations);
        expect(runAlone(() => perform(twin, operations))).toEqual(real);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});

const WORDS = 8;
const word = fc.integer({ min: 0, max: WORDS - 1 });
const even = fc.integer({ min: 0, max: WORDS / 2 - 1 }).map((pair) => pair * 8);
const int = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 0x7fff_ffff, -0x8000_0000));
const safe = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 1, -1, 2 ** 32, 2 ** 53 - 1));
const positive = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 2 ** 32));

/** A call and how it is made, on the words or on the region's operations. */
type Step = (module: Real | Twin, words: Words, ops: RegionOps) => unknown;

const operation: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom("peek", "load"), word).map(
    ([name, at]): Step =>
      (module, words) =>
        module[name](words, at),
  ),
  fc.tuple(fc.constantFrom("poke", "store", "add", "sub", "and", "or", "xor", "exchange"), word, int).map(
    ([name, at, value]): Step =>
      (module, words) =>
        module[name](words, at, value),
  ),
  fc
    .tuple(word, int, int)
    .map(([at, expected, value]): Step => (module, words) => [
      module.compareExchange(words, at, expected, value),
      module.compareExchange(words, at, module.load(words, at), value),
    ]),
  fc.tuple(word, int, int).map(([at, value, other]): Step => (_module, _words, ops) => {
    const found = [ops.load32(at * 4), ops.add32(at * 4, other)];
    ops.store32(at * 4, value);
    return [
      ...found,
      ops.compareExchange32(at * 4, value, other),
      ops.compareExchange32(at * 4, value, value),
      ops.load32(at * 4),
    ];
  }),
  fc.tuple(even, safe).map(
    ([at, value]): Step =>
      (_module, _words, ops) =>
        ops.store64(at, value),
  ),
  fc.tuple(even, safe).map(
    ([at, value]): Step =>
      (_module, _words, ops) =>
        ops.add64(at, value),
  ),
  fc.tuple(even, safe).map(
    ([at, value]): Step =>
      (_module, _words, ops) =>
        ops.exchange64(at, value),
  ),
  fc.tuple(even, positive, positive).map(
    ([at, expected, value]): Step =>
      (_module, _words, ops) =>
        ops.compareExchange64(at, expected, value),
  ),
  even.map((at): Step => (_module, _words, ops) => [ops.load64(at), ops.loadSigned64(at)]),
  fc.tuple(even, int, int).map(([at, low, high]): Step => (_module, _words, ops) => {
    const found = [ops.loadPair(at), ops.pairLow(), ops.pairHigh()];
    ops.storePair(at, low, high);
    return [...found, ops.casPair(at, low, high, high, low), ops.casPair(at, low, low, 1, 2), ops.pairHigh()];
  }),
  fc
    .tuple(even, int, int)
    .map(([at, low, high]): Step => (_module, _words, ops) => [
      ops.exchangePair(at, low, high),
      ops.pairHigh(),
    ]),
  fc.tuple(int, int, int, int).map(([a, b, c, d]): Step => (_module, _words, ops) => {
    const before = ops.multilinear(a, b, c, d);
    ops.setMultipliers(d, c, b, a, a, b, c, d);
    return [before, ops.multilinear(a, b, c, d)];
  }),
  fc.tuple(fc.constantFrom("received", "packed"), int, int).map(
    ([name, tick, bytes]): Step =>
      (_module, _words, ops) =>
        ops.update[name]!(0, tick, bytes),
  ),
  fc.tuple(int, even).map(
    ([tick, other]): Step =>
      (_module, _words, ops) =>
        ops.update.both!(24, tick, other),
  ),
);

const updates: readonly CompoundUpdate[] = [
  {
    name: "received",
    parameters: ["tick", "bytes"],
    steps: [
      { op: "advance32", byteOffset: 24, value: { parameter: "tick" } },
      { op: "add64", byteOffset: 8, value: { parameter: "bytes" } },
      { op: "sub32", byteOffset: 4, value: { parameter: "bytes" } },
      { op: "store32", byteOffset: 0, value: { parameter: "tick" } },
      { op: "exchange64", byteOffset: 16, value: { constant: 2 ** 33 } },
    ],
  },
  {
    name: "packed",
    parameters: ["tick", "bytes"],
    steps: [
      { op: "add64", byteOffset: 8, value: { parameter: "bytes", shift: 24, plus: 1 }, reports: [2, 63] },
      { op: "advance32", byteOffset: 24, value: { parameter: "tick" }, reports: true },
    ],
  },
  {
    name: "both",
    parameters: ["tick", "other"],
    steps: [
      { op: "advance32", byteOffset: 0, value: { parameter: "tick" } },
      { op: "add64", byteOffset: 0, value: { parameter: "tick" }, record: "other", reports: [31] },
    ],
  },
];

function perform(module: Real | Twin, steps: readonly Step[]): { results: unknown[]; words: number[] } {
  const region = module.allocate(1);
  const words = module.wordsOf(region);
  const ops = module.instantiate(region, updates);
  const results = steps.map((step) => step(module, words, ops));
  return { results, words: Array.from({ length: WORDS }, (_, at) => module.load(words, at)) };
}
