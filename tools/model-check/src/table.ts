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

/** The sum, then each failure with its execution. */
export function tableFoot(rows: readonly TableRow[]): string {
  const failures = rows.filter(({ failure }) => failure !== undefined);
  const seconds = rows.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1_000;
  const details = failures.map(({ file, name, failure }) => `\n${file}\n${name}: ${failure!}\n`);
  return `\n${rows.length} scenarios, ${failures.length} failing, ${seconds.toFixed(1)} s of processor time\n${details.join("")}`;
}
