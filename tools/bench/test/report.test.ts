import { describe, expect, it } from "vitest";
import { formatGoal, formatSuite, formatValue } from "../src/report.ts";
import { judge, ratioOf } from "../src/harness.ts";
import { checkSuite, type BenchSuite } from "../src/suite.ts";

const suite: BenchSuite = {
  area: "demo",
  title: "a table",
  unit: "ns",
  reference: "by hand",
  cases: ["by hand", "generated", "rust"].map((name) => ({
    name,
    command: () => ({ file: name, args: [] }),
  })),
};

describe("the report", () => {
  it("prints a table, what did not run, and the goals", () => {
    const hand = [10, 12, 11];
    const generated = [10.5, 12, 11.5];
    const goal = { case: "generated", against: "by hand", atMost: 1.05 };
    const text = formatSuite({
      suite: { ...suite, notes: ["A note."] },
      roundsRun: 3,
      elapsedMs: 1234,
      cases: [
        measured("by hand", hand, hand),
        measured("generated", generated, hand),
        { name: "rust", state: "skipped", reason: "cargo is not installed" },
      ],
      also: [],
      goals: [judge(goal, ratioOf(generated, hand))],
    });
    expect(text.split("\n").slice(1)).toEqual([
      "demo: a table",
      '3 interleaved rounds in 1.2 s; ratio to "by hand" within a round, its median',
      "",
      "case       median ns     quartiles    min .. max  ratio   interval of the ratio",
      "---------  ---------  ------------  ------------  -----  ----------------------",
      "by hand         11.0  10.5 .. 11.5  10.0 .. 12.0  1.000",
      "generated       11.5  11.0 .. 11.8  10.5 .. 12.0  1.045  1.000 .. 1.050 at 75 %",
      "rust         skipped",
      "skipped: rust: cargo is not installed",
      "",
      'goal met: "generated" <= 1.05 x "by hand": 1.045 (1.000 .. 1.050 at 75 %), but not for certain: more rounds would tell',
      "",
      "A note.",
    ]);
  });

  it("says when a goal is missed for certain, or only within the noise", () => {
    const goal = { case: "a", against: "b", atLeast: 2 };
    const ratio = { median: 1.9, low: 1.8, high: 1.95, coverage: 0.97 };
    expect(formatGoal(judge(goal, ratio))).toBe(
      'goal missed: "a" >= 2 x "b": 1.900 (1.800 .. 1.950 at 97 %)',
    );
    expect(formatGoal(judge(goal, { ...ratio, high: 2.1 }))).toContain("not for certain");
    expect(formatGoal(judge(goal, undefined))).toContain("not judged");
  });

  it("keeps three digits", () => {
    expect([0, 0.01234, 1, 9.999, 12.345, 123.4, 1234.5, 1234567].map(formatValue)).toEqual([
      "0",
      "0.0123",
      "1.00",
      "10.00",
      "12.3",
      "123",
      "1,235",
      "1,234,567",
    ]);
  });
});

describe("checkSuite", () => {
  it("refuses what could not be reported", () => {
    expect(() => checkSuite(suite)).not.toThrow();
    expect(() => checkSuite({ ...suite, reference: "nobody" })).toThrow('the reference "nobody" is no case');
    expect(() => checkSuite({ ...suite, cases: [...suite.cases, ...suite.cases] })).toThrow(
      "two cases are named",
    );
    expect(() => checkSuite({ ...suite, goals: [{ case: "rust", against: "go", atMost: 1 }] })).toThrow(
      '"go"',
    );
    expect(() => checkSuite({ ...suite, goals: [{ case: "rust", against: "by hand" }] })).toThrow("no limit");
  });
});

function measured(name: string, values: number[], reference: number[]) {
  const spread = { count: 3, median: 0, q1: 0, q3: 0, min: 0, max: 0 };
  const sorted = [...values].sort((a, b) => a - b) as [number, number, number];
  Object.assign(spread, {
    median: sorted[1],
    q1: (sorted[0] + sorted[1]) / 2,
    q3: (sorted[1] + sorted[2]) / 2,
  });
  Object.assign(spread, { min: sorted[0], max: sorted[2] });
  return { name, state: "measured" as const, spread, ratio: ratioOf(values, reference), rounds: [] };
}
