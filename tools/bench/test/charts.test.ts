import { describe, expect, it } from "vitest";
import { charts, drawingOf, readmeWith } from "../src/charts/chart.ts";
import type { CaseResult } from "../src/harness.ts";
import type { RunReport } from "../src/report.ts";
import type { BenchSuite } from "../src/suite.ts";

const [chart] = charts;

function reportWith(cases: readonly CaseResult[], title = chart!.table, roundsRun = 11): RunReport {
  const suite: BenchSuite = { area: chart!.area, title, unit: "ns", reference: "by hand", cases: [] };
  return {
    format: 1,
    startedAt: "2026-11-27T00:00:00.000Z",
    quick: false,
    machine: {
      cpu: "a CPU",
      cpuCount: 2,
      memoryGiB: 24,
      system: "linux",
      load: 0,
      versions: { node: "v24" },
      commit: undefined,
    },
    suites: [{ suite, roundsRun, elapsedMs: 1, cases, goals: [], also: [] }],
  };
}

const measured = (name: string, median: number): CaseResult => ({
  name,
  state: "measured",
  spread: { count: 3, median, q1: median - 1, q3: median + 1, min: 0, max: median + 2 },
  ratio: undefined,
  rounds: [],
});

describe("charts", () => {
  it("show what was measured, in the table's order from the top, and leave out what was skipped", () => {
    const skipped: CaseResult = { name: "rust", state: "skipped", reason: "cargo is not installed" };
    const drawing = drawingOf(chart!, reportWith([measured("by hand", 40), skipped, measured("ours", 8)]));
    expect(drawing).toMatchObject({
      option: {
        yAxis: { data: ["ours", "by hand"] },
        series: [{ data: [{ value: 8 }, { value: 40 }] }, { type: "scatter" }],
      },
    });
  });

  it("have a logarithmic axis where the shortest bars could not be seen beside the longest", () => {
    const axisOf = (longest: number): object =>
      drawingOf(chart!, reportWith([measured("ours", 8), measured("by hand", longest)])) as object;
    expect(axisOf(800)).toMatchObject({ option: { xAxis: { type: "value" } } });
    expect(axisOf(8_000)).toMatchObject({ option: { xAxis: { type: "log", min: 1 } } });
  });

  it("say why they cannot be drawn", () => {
    expect(drawingOf(chart!, reportWith([], "another table"))).toMatch(/has no table/);
    expect(drawingOf(chart!, reportWith([]))).toMatch(/no case/);
    expect(drawingOf(chart!, reportWith([measured("ours", 8)], chart!.table, 1))).toMatch(/1 of at least 5/);
  });

  it("are shown by the README once, after the paragraph that names the bench", () => {
    const readme = "# A\n\n`npm run bench -- clock`: costs,\nall of them.\n\n## Limits\n";
    const shown = readmeWith(chart!, readme)!;
    expect(shown.split("\n").slice(4, 8)).toEqual([
      "",
      `![${chart!.table}](figures/reads.svg)`,
      "",
      "## Limits",
    ]);
    expect(readmeWith(chart!, shown)).toBe(shown);
    expect(readmeWith(chart!, "# A\n")).toBeUndefined();
  });

  it("are each of a table that an area has, in a file of its own", async () => {
    for (const { area, table } of charts) {
      const { suites } = (await import(`../src/${area}/suite.ts`)) as { suites: readonly BenchSuite[] };
      expect(suites.map(({ title }) => title)).toContain(table);
    }
    expect(new Set(charts.map(({ file }) => file)).size).toBe(charts.length);
  });
});
