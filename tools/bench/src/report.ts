import type { CaseResult, GoalResult, Ratio, SuiteResult } from "./harness.ts";
import type { Machine } from "./machine.ts";

/** Everything of a run, for `--json`. */
export interface RunReport {
  readonly format: 1;
  readonly startedAt: string;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly suites: readonly SuiteResult[];
}

export function formatMachine(machine: Machine): string {
  const versions = Object.entries(machine.versions).map(([tool, version]) => `${tool} ${version}`);
  return [
    `${machine.cpu}, ${machine.cpuCount} CPUs, ${machine.memoryGiB} GiB, ${machine.system}, load ${machine.load.toFixed(1)}`,
    `${versions.join(", ")}${machine.commit === undefined ? "" : `, commit ${machine.commit}`}`,
  ].join("\n");
}

/** One suite as a table for people, its goals and notes below. */
export function formatSuite(result: SuiteResult): string {
  const { suite } = result;
  const head = ["case", `median ${suite.unit}`, "quartiles", "min .. max", "ratio", "interval of the ratio"];
  const rows = result.cases.map((one) => caseRow(one, suite.reference));
  const lines = [
    "",
    `${suite.area}: ${suite.title}`,
    `${result.roundsRun} interleaved rounds in ${(result.elapsedMs / 1000).toFixed(1)} s; ratio to "${suite.reference}" within a round, its median`,
    "",
    ...formatTable(head, rows),
  ];
  for (const one of result.cases) {
    if (one.state !== "measured") lines.push(`${one.state}: ${one.name}: ${one.reason}`);
  }
  if (result.goals.length > 0) lines.push("", ...result.goals.map(formatGoal));
  if (suite.notes !== undefined) lines.push("", ...suite.notes);
  return lines.join("\n");
}

export function formatGoal(result: GoalResult): string {
  const { goal, state, ratio } = result;
  const limits = [
    goal.atMost === undefined ? "" : `<= ${goal.atMost}`,
    goal.atLeast === undefined ? "" : `>= ${goal.atLeast}`,
  ];
  const limit = limits.filter(Boolean).join(" and ");
  const text = `"${goal.case}" ${limit} x "${goal.against}"`;
  if (ratio === undefined) return `goal not judged: ${text}: one of the two has no value`;
  const noise = result.certain ? "" : ", but not for certain: more rounds would tell";
  return `goal ${state}: ${text}: ${ratio.median.toFixed(3)} (${formatInterval(ratio)})${noise}`;
}

/** Three significant digits, with thousands separated from 1,000 on. */
export function formatValue(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size))));
}

function caseRow(one: CaseResult, reference: string): string[] {
  if (one.state !== "measured") return [one.name, one.state, "", "", "", ""];
  const { spread, ratio } = one;
  return [
    one.name,
    formatValue(spread.median),
    `${formatValue(spread.q1)} .. ${formatValue(spread.q3)}`,
    `${formatValue(spread.min)} .. ${formatValue(spread.max)}`,
    ratio === undefined ? "-" : ratio.median.toFixed(3),
    ratio === undefined || one.name === reference ? "" : formatInterval(ratio),
  ];
}

function formatInterval(ratio: Ratio): string {
  return `${ratio.low.toFixed(3)} .. ${ratio.high.toFixed(3)} at ${(ratio.coverage * 100).toFixed(0)} %`;
}

/** Columns padded to their widest cell: the first to the left, the rest to the right. */
function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? "").length)),
  );
  const format = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [format(head), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(format)];
}
