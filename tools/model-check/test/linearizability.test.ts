import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLinearizable } from "../src/linearizability.ts";
import type { HistoryEntry, RecordedCall, SequentialModel } from "../src/linearizability.ts";
import { anyResult, defineScenario, runScenario, thread } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";

/** A register: `write` gives nothing, `read` gives the value, `swap` the one before. */
const register: SequentialModel<number> = {
  initial: 0,
  apply: (state, { name, args }) => {
    const value = args[0] as number;
    if (name === "read") return [{ state, result: state }];
    return [{ state: value, result: name === "swap" ? state : undefined }];
  },
};

const call = (name: string, args: unknown[], result?: unknown, pending = false): RecordedCall => ({
  thread: "t",
  name,
  args,
  result,
  pending,
});

const entry = (recorded: RecordedCall, ...precededBy: number[]): HistoryEntry => ({
  call: recorded,
  precededBy: precededBy.reduce((mask, index) => mask | (1 << index), 0),
});

describe("linearizability", () => {
  it("accepts overlapping calls in either order, and refuses a stale read after a write returned", () => {
    const write = entry(call("write", [1]));
    expect(isLinearizable([write, entry(call("read", [], 0))], register)).toBe(true);
    expect(isLinearizable([write, entry(call("read", [], 1))], register)).toBe(true);
    expect(isLinearizable([write, entry(call("read", [], 0), 0)], register)).toBe(false);
  });

  it("refuses two reads that see two writes in different orders", () => {
    const history = [
      entry(call("write", [1])),
      entry(call("write", [2])),
      entry(call("read", [], 1)),
      entry(call("read", [], 2), 2),
      entry(call("read", [], 1), 2, 3),
    ];
    expect(isLinearizable(history, register)).toBe(false);
  });

  it("lets an unfinished call take effect, with any result, or not at all", () => {
    const unfinished = entry(call("swap", [5], undefined, true));
    expect(isLinearizable([unfinished, entry(call("read", [], 5))], register)).toBe(true);
    expect(isLinearizable([unfinished, entry(call("read", [], 0))], register)).toBe(true);
    expect(isLinearizable([unfinished, entry(call("read", [], 4))], register)).toBe(false);
  });

  it("lets a model answer by what overlaps, and accept any result", () => {
    const model: SequentialModel<null> = {
      initial: null,
      apply: (state, { name }, overlapping) => {
        if (name === "any") return [{ state, result: anyResult }];
        return overlapping.length > 0 ? [{ state, result: "BUSY" }] : [];
      },
    };
    expect(isLinearizable([entry(call("any", [], 17)), entry(call("lock", [], "BUSY"))], model)).toBe(true);
    expect(isLinearizable([entry(call("any", [], 17)), entry(call("lock", [], "BUSY"), 0)], model)).toBe(
      false,
    );
  });

  it("agrees with trying every order", () => {
    const operation = fc.oneof(
      fc.record({
        name: fc.constant("write"),
        value: fc.integer({ min: 1, max: 2 }),
        result: fc.constant(undefined),
      }),
      fc.record({ name: fc.constant("read"), value: fc.constant(0), result: fc.integer({ min: 0, max: 2 }) }),
      fc.record({
        name: fc.constant("swap"),
        value: fc.integer({ min: 1, max: 2 }),
        result: fc.integer({ min: 0, max: 2 }),
      }),
    );
    // Times make a real-time order: a call precedes those that begin after its end.
    const timed = fc.record({
      operation,
      begin: fc.integer({ min: 0, max: 6 }),
      length: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(timed, { minLength: 1, maxLength: 5 }), (calls) => {
        const history = calls.map(({ operation: { name, value, result }, begin }) =>
          entry(
            call(name, [value], result),
            ...calls.flatMap((other, index) => (other.begin + other.length <= begin ? [index] : [])),
          ),
        );
        expect(isLinearizable(history, register)).toBe(byPermutation(history));
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });

  it("is what a scenario's recorded calls are held to", () => {
    const counter = (increment: (words: ModelWords) => number): string | undefined =>
      runScenario(
        defineScenario({
          name: "counter",
          touches: [],
          setup: () => new ModelWords(1),
          threads: ["one", "two"].map((name) =>
            thread(
              name,
              (words: ModelWords) => words,
              (words, record) => {
                record("increment", [], () => increment(words));
                record("increment", [], () => increment(words));
              },
            ),
          ),
          model: { initial: 0, apply: (count: number) => [{ state: count + 1, result: count }] },
        }),
      ).failure;
    expect(counter((words) => words.add(0, 1))).toBeUndefined();
    const torn = counter((words) => {
      const before = words.load(0);
      words.store(0, before + 1);
      return before;
    });
    expect(torn).toContain("not linearizable");
    expect(torn).toMatch(/#\d one: increment\(\) -> 0/);
  });
});

function byPermutation(history: readonly HistoryEntry[]): boolean {
  const place = (placed: readonly number[], state: number): boolean => {
    if (placed.length === history.length) return true;
    return history.some(({ call: recorded, precededBy }, index) => {
      const early = history.some((_, other) => (precededBy & (1 << other)) !== 0 && !placed.includes(other));
      if (placed.includes(index) || early) return false;
      return register
        .apply(state, recorded, [])
        .some((step) => step.result === recorded.result && place([...placed, index], step.state));
    });
  };
  return place([], register.initial);
}
