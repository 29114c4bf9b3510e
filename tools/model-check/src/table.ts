import type { ScenarioResult } from "./run-scenario.ts";

/** A scenario's result and the file that declares it. */
export interface TableRow extends ScenarioResult {
  readonly file: string;
}

const NAME_WIDTH = 88;
const NUMBER_WIDTH = 10;

function line(name: string, mode: string, numbers: readonly string[], verdict: string): string {
  const cells = numbers.map((number) => number.padStart(NUMBER_WIDTH)).join("");
  return `${name.padEnd(NAME_WIDTH)} ${mode.padEnd(8)}${cells}  ${verdict}`.trimEnd();
}

/** The first line; rows follow as they come, because some take long. */
export function tableHead(): string {
  return line("scenario", "mode", ["states", "ends", "ms"], "verdict");
}

/** `milliseconds` are processor time. */
export function tableRow({ name, mode, states, ends, milliseconds, failure }: TableRow): string {
  const numbers = [states, ends, Math.round(milliseconds)].map((value) => value.toLocaleString("en"));
  return line(`  ${name}`, mode, numbers, failure === undefined ? "holds" : "FAILS");
}

/** What each package takes and the sum, then each failure with its execution. `wallMs` is the whole run's. */
export function tableFoot(rows: readonly TableRow[], wallMs: number): string {
  const packages = [...new Set(rows.map(packageOf))].sort();
  const sums = packages.map((name) => {
    const mine = rows.filter((row) => packageOf(row) === name);
    return `  ${name.padEnd(24)} ${String(mine.length).padStart(4)} scenarios ${seconds(mine).padStart(8)} s of processor time\n`;
  });
  const failures = rows.filter(({ failure }) => failure !== undefined);
  const details = failures.map(({ file, name, failure }) => `\n${file}\n${name}: ${failure!}\n`);
  const all = `${rows.length} scenarios, ${failures.length} failing, ${seconds(rows)} s of processor time`;
  return `\n${sums.join("")}${all}, ${(wallMs / 1_000).toFixed(1)} s in all\n${details.join("")}`;
}

/** Files are `packages/<name>/model-check/…`. */
function packageOf({ file }: TableRow): string {
  return file.split("/")[1] ?? file;
}

function seconds(rows: readonly TableRow[]): string {
  return (rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1_000).toFixed(1);
}
