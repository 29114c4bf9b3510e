import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runSuite, type SuiteResult } from "./harness.ts";
import { drawCharts } from "./charts/draw.ts";
import { describeMachine } from "./machine.ts";
import { formatMachine, formatSuite, type RunReport } from "./report.ts";
import type { BenchSuite, BenchSuiteModule } from "./suite.ts";

const QUICK_BUDGET_MS = 30_000;
const QUICK_BUDGET_OF_ALL_MS = 120_000;
const QUICK_ROUNDS = 5;
const FULL_ROUNDS = 11;

const usage = `usage: npm run bench -- [AREA …] [--quick] [--rounds N] [--budget SECONDS] [--only TEXT] [--json FILE] [--charts] [--strict]

  AREA        a folder of tools/bench/src that holds a suite.ts, or "all"; none: the first suite of every area
  --quick     ${QUICK_ROUNDS} rounds of short passes, and no more than ${QUICK_BUDGET_MS / 1000} s an area, ${QUICK_BUDGET_OF_ALL_MS / 1000} s for the whole run
  --rounds    interleaved rounds, default ${FULL_ROUNDS}
  --budget    begin no round that would end after so many seconds for the whole run (each suite runs at least one)
  --only      run the suites alone whose title contains TEXT
  --json      write everything measured to FILE
  --charts    draw the READMEs' figures anew of what was measured (packages/*/figures)
  --strict    exit with 1 when a goal is missed for certain (a case that fails always exits with 1)
`;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        rounds: { type: "string" },
        budget: { type: "string" },
        json: { type: "string" },
        charts: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        strict: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return misuse((error as Error).message);
  }
  const { values, positionals } = parsed;
  const known = areas();
  if (values.help) {
    process.stdout.write(`${usage}\nareas: ${known.join(", ")}\n`);
    return 0;
  }
  const overview = positionals.length === 0;
  const wanted = overview || positionals.includes("all") ? known : positionals;
  const unknown = wanted.find((area) => !known.includes(area));
  if (unknown !== undefined) return misuse(`there is no area "${unknown}"; there are: ${known.join(", ")}`);
  const rounds =
    values.rounds === undefined ? (values.quick ? QUICK_ROUNDS : FULL_ROUNDS) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000) return misuse("--rounds takes 1 to 1000");
  const budgetMs =
    values.budget === undefined
      ? values.quick
        ? Math.min(wanted.length * QUICK_BUDGET_MS, QUICK_BUDGET_OF_ALL_MS)
        : Infinity
      : Number(values.budget) * 1000;
  if (!(budgetMs > 0)) return misuse("--budget takes seconds above 0");

  const suites: BenchSuite[] = [];
  for (const area of wanted) {
    const found = (await loadSuites(area)).filter(({ title }) => title.includes(values.only));
    suites.push(...(overview ? found.slice(0, 1) : found));
  }
  if (suites.length === 0) return misuse(`no suite's title contains "${values.only}"`);
  const machine = describeMachine();
  process.stdout.write(`${formatMachine(machine)}\n`);
  const startedAt = new Date().toISOString();
  const begun = performance.now();
  const results: SuiteResult[] = [];
  const report: RunReport = { format: 1, startedAt, quick: values.quick, machine, suites: results };
  for (const [index, suite] of suites.entries()) {
    // What is left is shared out evenly, so that a slow first suite takes nothing that the last one needs.
    const leftMs = Math.max(1, budgetMs - (performance.now() - begun)) / (suites.length - index);
    const result = await runSuite(suite, {
      rounds,
      quick: values.quick,
      budgetMs: leftMs,
      onProgress: progress,
    });
    progress("");
    for (const table of [result, ...result.also]) {
      process.stdout.write(`${formatSuite(table)}\n`);
      results.push(table);
    }
    // After each suite: whoever ends a long run keeps what it has measured.
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  }
  if (values.charts) drawCharts(report);
  const broken = results.some(({ cases }) => cases.some(({ state }) => state === "failed"));
  const missed = results.some(({ goals }) =>
    goals.some(({ state, certain }) => state === "missed" && certain),
  );
  return broken || (values.strict && missed) ? 1 : 0;
}

/** Folders beside this file that hold a suite.ts. */
function areas(): string[] {
  return readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(`${import.meta.dirname}/${entry.name}/suite.ts`))
    .map((entry) => entry.name)
    .sort();
}

async function loadSuites(area: string): Promise<readonly BenchSuite[]> {
  const url = new URL(`./${area}/suite.ts`, import.meta.url);
  const module = (await import(url.href)) as BenchSuiteModule;
  const suites = module.suites ?? (module.suite === undefined ? [] : [module.suite]);
  if (suites.length === 0) throw new TypeError(`${area}/suite.ts exports neither "suite" nor "suites"`);
  return suites;
}

/** One line that overwrites itself on a terminal; nothing in a log. */
function progress(message: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${message}`);
}

function misuse(problem: string): number {
  process.stderr.write(`${problem}\n\n${usage}`);
  return 2;
}
