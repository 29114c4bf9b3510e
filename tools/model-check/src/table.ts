import type { ScenarioResult } from "./run-scenario.ts";

/** A scenario's result and the file that declares it. */
export interface TableRow extends ScenarioResult {
  readonly file: string;
}

/** The table that a run prints, failures with their executions below it. */
export function formatTable(rows: readonly TableRow[]): string {
  const lines: string[][] = [["scenario", "mode", "states", "ends", "ms", "verdict"]];
  let file = "";
  for (const row of rows) {
    if (row.file !== file) lines.push([(file = row.file), "", "", "", "", ""]);
    const verdict = row.failure === undefined ? "holds" : "FAILS";
    const numbers = [row.states, row.ends, Math.round(row.milliseconds)].map((value) =>
      value.toLocaleString("en"),
    );
    lines.push([`  ${row.name}`, row.mode, ...numbers, verdict]);
  }
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const table = lines.map((line) =>
    line
      .map((cell, column) =>
        column >= 2 && column <= 4 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join("  ")
      .trimEnd(),
  );
  const failures = rows.filter(({ failure }) => failure !== undefined);
  const total = rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const summary = `${rows.length} scenarios, ${failures.length} failing, ${(total / 1_000).toFixed(1)} s`;
  const details = failures.map(({ name, failure }) => `\n${name}: ${failure!}\n`);
  return `${table.join("\n")}\n\n${summary}\n${details.join("")}`;
}
