import { describe, expect, it } from "vitest";
import { bunCase, nodeCase, runSuite, type BenchCase } from "../src/index.ts";

/** A case whose process prints what it is told. */
const printing = (name: string, script: string): BenchCase => ({
  name,
  command: () => ({ file: process.execPath, args: ["-e", script] }),
});

describe("the harness", () => {
  it("runs each case in a process of its own and takes ratios within a round", async () => {
    const result = await runSuite(
      {
        area: "smoke",
        title: "two constants",
        unit: "ns",
        reference: "one",
        cases: [
          printing("one", "console.log('noise\\n{\"value\": 2}')"),
          printing("two", "console.log('{\"value\": 3}')"),
        ],
        goals: [
          { case: "two", against: "one", atMost: 1.6 },
          { case: "two", against: "one", atMost: 1.4 },
        ],
      },
      { rounds: 5, quick: true },
    );
    expect(result.roundsRun).toBe(5);
    expect(result.cases.map(({ name, state }) => [name, state])).toEqual([
      ["one", "measured"],
      ["two", "measured"],
    ]);
    expect(result.goals.map(({ state, certain, ratio }) => [state, certain, ratio?.median])).toEqual([
      ["met", true, 1.5],
      ["missed", true, 1.5],
    ]);
  });

  it("reports a skipped and a failed case with the reason, and goes on", async () => {
    const result = await runSuite(
      {
        area: "smoke",
        title: "failures",
        unit: "ns",
        reference: "good",
        cases: [
          { ...printing("skipped", ""), skip: () => "no such compiler" },
          printing("crashes", "console.error('out of luck'); process.exit(3)"),
          printing("silent", "0"),
          { ...printing("hangs", "setInterval(() => {}, 1000)"), timeoutMs: 300 },
          printing("good", "console.log('{\"value\": 1}')"),
        ],
        goals: [{ case: "crashes", against: "good", atMost: 1 }],
      },
      { rounds: 1, quick: true },
    );
    const [skipped, crashes, silent, hangs, good] = result.cases;
    expect(skipped).toEqual({ name: "skipped", state: "skipped", reason: "no such compiler" });
    expect(crashes).toMatchObject({ state: "failed", reason: "ended with code 3\nout of luck" });
    expect(silent).toMatchObject({ state: "failed", reason: "the last line is not JSON: " });
    expect(hangs).toMatchObject({ state: "failed" });
    expect(good).toMatchObject({ state: "measured" });
    expect(result.goals[0]?.state).toBe("not judged");
  });

  it("begins no round that the budget does not hold", async () => {
    const slow = printing("slow", "setTimeout(() => console.log('{\"value\": 1}'), 300)");
    const suite = { area: "smoke", title: "budget", unit: "ns", reference: "slow", cases: [slow] };
    const result = await runSuite(suite, { rounds: 1000, quick: true, budgetMs: 900 });
    expect(result.roundsRun).toBeGreaterThanOrEqual(1);
    expect(result.roundsRun).toBeLessThan(4);
  });

  it("measures a program on Node and on Bun", async () => {
    const program = new URL("./programs/addition.ts", import.meta.url);
    const suite = {
      area: "smoke",
      title: "an addition",
      unit: "ns",
      reference: "node",
      cases: [nodeCase("node", program), bunCase("bun", program)],
    };
    const result = await runSuite(suite, { rounds: 1, quick: true });
    for (const one of result.cases) {
      if (one.state === "skipped") continue;
      expect(one).toMatchObject({ state: "measured" });
      if (one.state === "measured") {
        expect(one.spread.median).toBeGreaterThan(0);
        expect(one.spread.median).toBeLessThan(1000);
      }
    }
  });
});
