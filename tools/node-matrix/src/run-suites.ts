import { fileURLToPath } from "node:url";
import { ROOT } from "./paths.ts";
import { runFile, type FileVerdict } from "./run-file.ts";
import type { Runtime } from "./runtimes.ts";
import type { Suite } from "./suites.ts";
import { lastSteps, type Counts } from "./tally.ts";

/** A package's test files on a runtime. */
export interface SuiteRun {
  readonly runtime: Runtime;
  readonly executable: string;
  readonly suite: Suite;
  /** The compiled packages. */
  readonly built: URL;
  /** What one file may take. */
  readonly limitMs: number;
  readonly env: Readonly<Record<string, string>>;
  /** Shows everything that the tests say, as it comes; otherwise only the output of files that fail. */
  readonly verbose: boolean;
}

/** How a package's suites ended on a runtime. */
export interface Verdict extends Counts {
  readonly ok: boolean;
  readonly seconds: number;
  /** What is to be said again at the end of the run, a line a file that failed. */
  readonly complaints: readonly string[];
}

/** Runs one file after the other, each in a process of its own (they measure and count in threads), and tells of each. */
export async function runSuites(run: SuiteRun): Promise<Verdict> {
  const { runtime, executable, suite, built, limitMs, env, verbose } = run;
  const total = { passed: 0, skipped: 0, failed: 0, seconds: 0 };
  const complaints: string[] = [];
  for (const file of suite.files) {
    const path =
      runtime.version === undefined
        ? new URL(`packages/${suite.packageName}/test/${file}.test.ts`, ROOT)
        : new URL(`${suite.packageName}/test/${file}.test.js`, built);
    const onOutput = verbose ? (text: string) => process.stdout.write(text) : undefined;
    const verdict = await runFile({
      ...{ runtime, executable, path: fileURLToPath(path), limitMs, env },
      ...(onOutput && { onOutput }),
    });
    if (!verdict.ok && !verbose) console.log(verdict.output);
    const line = `${runtime.label.padEnd(14)} ${`${suite.packageName}/${file}`.padEnd(42)} ${describe(verdict)}`;
    console.log(line);
    if (!verdict.ok) complaints.push(line);
    for (const name of ["passed", "skipped", "failed", "seconds"] as const) total[name] += verdict[name];
  }
  return { ...total, ok: complaints.length === 0, complaints };
}

/** Counts and seconds; of a file that failed also how. */
function describe(verdict: FileVerdict): string {
  const text = `${describeCounts(verdict)} in ${verdict.seconds.toFixed(1)} s`;
  if (verdict.hung)
    return `${text}, HUNG and was ended; the last that it said: ${lastSteps(verdict.output).join(" | ")}`;
  const [, open] = /^# left open: (.*)$/m.exec(verdict.output) ?? [];
  if (open !== undefined) return `${text}, FAILED: left open ${open}`;
  if (verdict.ok || verdict.failed > 0) return text;
  return `${text}, FAILED: ${verdict.passed + verdict.skipped === 0 ? "it has no tests" : "its process failed"}`;
}

/** `12 passed, 1 skipped, 2 FAILED` */
export function describeCounts({ passed, skipped, failed }: Counts): string {
  return `${passed} passed${skipped > 0 ? `, ${skipped} skipped` : ""}${failed > 0 ? `, ${failed} FAILED` : ""}`;
}
