import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkedOutcomes } from "./programs.ts";
import { allOutcomes } from "./reference-explorer.ts";
import type { Instruction } from "./reference-explorer.ts";

const WORDS = 3;
const word = fc.integer({ min: 0, max: WORDS - 1 });
const value = fc.integer({ min: 1, max: 3 });
const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc.record({ op: fc.constantFrom("peek", "load", "peek"), word }),
  fc.record({ op: fc.constantFrom("poke", "store", "add", "poke"), word, value }),
  fc.record({ op: fc.constant("cas"), word, expected: fc.integer({ min: 0, max: 2 }), value }),
  fc.constant({ op: "fence" } as const),
);
const programs = (threads: number, length: number): fc.Arbitrary<Instruction[][]> =>
  fc.array(fc.array(instruction, { minLength: 1, maxLength: length }), {
    minLength: threads,
    maxLength: threads,
  });

describe("the reductions", () => {
  it("lose no outcome of two threads and invent none, against a naive explorer", () => {
    fc.assert(
      fc.property(programs(2, 5), (both) => {
        expect([...checkedOutcomes(both, WORDS)].sort()).toEqual([...allOutcomes(both, WORDS)].sort());
      }),
      { numRuns: 400, seed: 1 },
    );
  });

  it("lose no outcome of three threads and invent none", () => {
    fc.assert(
      fc.property(programs(3, 3), (all) => {
        expect([...checkedOutcomes(all, WORDS)].sort()).toEqual([...allOutcomes(all, WORDS)].sort());
      }),
      { numRuns: 150, seed: 2 },
    );
  });
});
