import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPackages } from "./build.ts";
import { findSuites } from "./suites.ts";
import { fetchRuntime, RUNTIMES } from "./runtimes.ts";
import { describeCounts, runSuites, type Verdict } from "./run-suites.ts";

/**
 * `npm run test:matrix -- [PACKAGE …] [--on 20,bun] [--suite litmus] [--limit 120] [--long] [--verbose]`
 *
 * `… -- PACKAGE --on 20 --program examples/NAME [-- ARGUMENTS]` runs one of its programs there instead, in the terminal.
 *
 * Runs the suites that a package names under `nodeMatrix` in its package.json on every supported runtime: vitest and
 * type stripping need a newer Node than the packages do. Prints a line a file as it ends and a table at last, exits with
 * 1 if anything failed. A file that does not end within `--limit` seconds (120; 1,800 with --long) is ended and named.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    on: { type: "string", default: RUNTIMES.map(({ name }) => name).join(",") },
    suite: { type: "string" },
    limit: { type: "string" },
    program: { type: "string" },
    long: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(`usage: npm run test:matrix -- [PACKAGE …] [--on RUNTIME,…] [--suite TEXT] [--limit SECONDS] [--long] [--verbose]
       npm run test:matrix -- PACKAGE --on RUNTIME --program examples/NAME [-- ARGUMENT …]

runtimes: ${RUNTIMES.map(({ name }) => name).join(", ")}`);
  process.exit(0);
}

const wanted = values.on.split(",");
const unknown = wanted.filter((name) => !RUNTIMES.some((runtime) => runtime.name === name));
if (unknown.length > 0) {
  console.error(
    `unknown runtime ${unknown.join(", ")}; known: ${RUNTIMES.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
if (values.program !== undefined) process.exit(runProgram(values.program));
const suites = findSuites(positionals, values.suite);
if (suites.length === 0) {
  console.error("no suites: a package lists them under nodeMatrix in its package.json");
  process.exit(2);
}
const built = buildPackages(suites.map(({ packageName }) => packageName));
const env = values.long ? { UDP_RELAY_LONG: "1" } : {};
const limitMs = Number(values.limit ?? (values.long ? 1_800 : 120)) * 1_000;
if (!(limitMs > 0 && limitMs < 2 ** 31)) {
  console.error(`--limit ${values.limit} is no number of seconds`);
  process.exit(2);
}
const begun = performance.now();
const verdicts: Verdict[] = [];
const table: string[] = [];
for (const runtime of RUNTIMES.filter(({ name }) => wanted.includes(name))) {
  const executable = fetchRuntime(runtime);
  for (const suite of suites) {
    const verdict = await runSuites({
      ...{ runtime, executable, suite, built, limitMs, env },
      verbose: values.verbose,
    });
    verdicts.push(verdict);
    const names = `${runtime.label.padEnd(14)} ${suite.packageName.padEnd(20)}`;
    table.push(`${names} ${describeCounts(verdict)} in ${verdict.seconds.toFixed(1)} s`);
  }
}
console.log(`\n${table.join("\n")}\nall of it in ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
const complaints = verdicts.flatMap((verdict) => verdict.complaints);
if (complaints.length > 0) console.log(`\nfailed:\n${complaints.join("\n")}`);
process.exit(complaints.length === 0 ? 0 : 1);

/** @returns its exit status */
function runProgram(program: string): number {
  const [packageName = "", ...args] = positionals;
  const runtime = RUNTIMES.find(({ name }) => name === values.on);
  if (runtime?.version === undefined) {
    console.error("--program needs one Node by --on");
    return 2;
  }
  const path = fileURLToPath(new URL(`${packageName}/${program}.js`, buildPackages([packageName])));
  const env = { ...process.env, NODE_OPTIONS: "" };
  const { status } = spawnSync(fetchRuntime(runtime), ["--enable-source-maps", path, ...args], {
    stdio: "inherit",
    env,
  });
  return status ?? 1;
}
