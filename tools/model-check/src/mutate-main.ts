import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { drawBySeed } from "./long-form.ts";
import { countOutcomes, formatReport, percent } from "./mutation-report.ts";
import type { MutationResult, SurvivorReasons } from "./mutation-report.ts";
import { listMutants, listScenarios, MutationRun } from "./mutation-run.ts";
import type { MutantOutcome, PlacedMutant } from "./mutation-run.ts";

const usage = `usage: npm run mutate -- [PACKAGE …] [--file PART] [--scenario PART] [--sample COUNT --seed N] [--minutes N] [--jobs N]
                       [--survivors] [--argued] [--long-seconds N] [--list] [--report]

  PACKAGE         a folder of packages/; all of them without it
  --file          mutants of files whose path contains PART alone; several parts with commas between them
  --scenario      scenarios whose file or name contains PART alone: what they do not kill stays as it was
  --sample        so many mutants, drawn by --seed, default 1
  --minutes       for the whole command, default 60
  --jobs          processes at once, default 2
  --survivors     those that the last run left alive without calling them equivalent, and new ones
  --argued        does not run those whose reason says that they are equivalent, and says so in the report
  --long-seconds  long scenarios too, up to that many seconds each
  --list          names the mutants and runs none
  --report        runs nothing: writes RESULT.md anew from result.json and survivors.json

What was run whole, file by file, is written to mutation/result.json and mutation/RESULT.md; a sample only judges: a survivor without a reason fails.
`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    file: { type: "string" },
    scenario: { type: "string" },
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "60" },
    jobs: { type: "string", default: "2" },
    list: { type: "boolean", default: false },
    survivors: { type: "boolean", default: false },
    argued: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    "long-seconds": { type: "string", default: "0" },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  process.stdout.write(usage);
  process.exit(0);
}

const folder = new URL("../mutation/", import.meta.url);
const read = <Content>(name: string, missing: Content): Content => {
  const url = new URL(name, folder);
  return existsSync(url) ? (JSON.parse(readFileSync(url, "utf8")) as Content) : missing;
};
const reasons = read<SurvivorReasons>("survivors.json", {});

const scenarios = listScenarios();
const before = read<MutationResult>("result.json", { outcomes: [] });
const parts = (options.file ?? "").split(",");
const listed = listMutants(scenarios, positionals).filter(({ file }) =>
  parts.some((part) => file.includes(part)),
);
const all = options.survivors ? listed.filter(isOpen) : listed;
const chosen =
  options.sample === undefined ? all : drawBySeed(all, Number(options.sample), Number(options.seed));
if (options.list) {
  // Not by the stream: what it has not written when the process exits is lost in a pipe.
  writeSync(1, chosen.map(({ file, line, id }) => `${file}:${line} ${id}\n`).join(""));
  process.exit(0);
}

if (options.report) {
  writeResult(before);
  process.exit(0);
}

const shown = scenarios.filter(({ file, name }) => `${file} ${name}`.includes(options.scenario ?? ""));
using run = new MutationRun(shown, Number(options["long-seconds"]) * 1_000);
await run.measure(chosen, Number(options.jobs));
const outcomes = await runAll(chosen);
const { reached, equivalent, killed } = countOutcomes(outcomes, reasons);
const counted = reached - equivalent;
const survivors = outcomes.filter((outcome) => outcome.reached && outcome.killedBy === undefined);
const unexplained = survivors.filter(({ file, id }) => reasons[file]?.[id] === undefined);
process.stdout.write(
  `${killed} of ${counted} killed (${percent(killed, counted)}); ${equivalent} equivalent, ` +
    `${outcomes.length - reached} not reached, ${unexplained.length} survivors without a reason\n`,
);
if (outcomes.length < chosen.length) {
  process.stdout.write(`${chosen.length - outcomes.length} of ${chosen.length} not run: out of time\n`);
}

if (options.sample === undefined) keep();
process.exitCode = counted > 0 && killed >= 0.9 * counted && unexplained.length === 0 ? 0 : 1;

/** Writes the rows of the files whose mutants were all run; the others stay as they are. */
function keep(): void {
  // A part of the scenarios tells who is killed, not who survives.
  const decided = outcomes.filter(
    ({ killedBy, argued }) =>
      options.scenario === undefined || killedBy !== undefined || argued !== undefined,
  );
  const ran = new Set(decided.map(({ file, id }) => `${file} ${id}`));
  const open = new Set(chosen.filter(({ file, id }) => !ran.has(`${file} ${id}`)).map(({ file }) => file));
  const files = new Set(listed.map(({ file }) => file).filter((file) => !open.has(file)));
  const known = new Set(listed.map(({ file, id }) => `${file} ${id}`));
  const again = new Set(chosen.map(({ file, id }) => `${file} ${id}`));
  const touched = new Set(scenarios.flatMap(({ touches }) => touches));
  // As it is now: another package's run may have ended meanwhile.
  const latest = read<MutationResult>("result.json", { outcomes: [] });
  const kept = latest.outcomes.filter(({ file, id }) => {
    const name = `${file} ${id}`;
    return touched.has(file) && (!files.has(file) || (known.has(name) && !again.has(name)));
  });
  const everything = [...kept, ...decided.filter(({ file }) => files.has(file))].sort((one, other) =>
    one.file === other.file ? one.line - other.line : one.file < other.file ? -1 : 1,
  );
  // Of survivors alone: what the others' row says is as old as it was.
  const whole = [...files].filter((file) => !kept.some((outcome) => outcome.file === file));
  const digests = whole.map((file) => [file, digestOf(file)] as const);
  writeResult({ outcomes: everything, sources: { ...latest.sources, ...Object.fromEntries(digests) } });
}

/** One entry a line, so that two packages' results merge. */
function writeResult({ outcomes, sources = {} }: MutationResult): void {
  mkdirSync(folder, { recursive: true });
  const lines = outcomes.map((outcome) => `  ${JSON.stringify(outcome)}`).join(",\n");
  const digests = Object.entries(sources).sort(([one], [other]) => (one < other ? -1 : 1));
  const digestLines = digests.map(([file, digest]) => `  ${JSON.stringify(file)}: "${digest}"`).join(",\n");
  const text = `{\n "outcomes": [\n${lines}\n ],\n "sources": {\n${digestLines}\n }\n}\n`;
  writeFileSync(new URL("result.json", folder), text);
  const isOld = (file: string): boolean => sources[file] !== digestOf(file);
  writeFileSync(new URL("RESULT.md", folder), formatReport({ outcomes, sources }, reasons, isOld));
}

/** Of a source's text; nothing for a file that is gone. */
function digestOf(file: string): string {
  const url = new URL(`../../../${file}`, import.meta.url);
  return existsSync(url) ? createHash("sha256").update(readFileSync(url)).digest("hex").slice(0, 16) : "";
}

function isOpen({ file, id }: PlacedMutant): boolean {
  const outcome = before.outcomes.find((each) => each.file === file && each.id === id);
  if (outcome === undefined) return true;
  return outcome.killedBy === undefined && reasons[file]?.[id]?.startsWith("equivalent: ") !== true;
}

function isArgued({ file, id }: PlacedMutant): boolean {
  return options.argued && reasons[file]?.[id]?.startsWith("equivalent: ") === true;
}

function argued({ file, id, line }: PlacedMutant): MutantOutcome {
  return { file, id, line, reached: true, milliseconds: 0, argued: true };
}

async function runAll(mutants: readonly PlacedMutant[]): Promise<MutantOutcome[]> {
  // Since the process began: the minutes are those of the whole command.
  const deadline = Number(options.minutes) * 60_000;
  const found: MutantOutcome[] = [];
  const queue = [...mutants];
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      if (performance.now() > deadline) return;
      const outcome = isArgued(mutant) ? argued(mutant) : await run.run(mutant, deadline);
      if (outcome === undefined) return;
      found.push(outcome);
      const verdict = describeVerdict(outcome);
      process.stdout.write(
        `${outcome.file}:${outcome.line} ${outcome.id}\n    ${verdict} (${outcome.milliseconds} ms)\n`,
      );
    }
  };
  await Promise.all(Array.from({ length: Number(options.jobs) }, work));
  return found;
}

function describeVerdict({ killedBy, reached, argued, undecided }: MutantOutcome): string {
  if (killedBy !== undefined) return `killed by "${killedBy}"`;
  if (!reached) return "not reached";
  if (argued === true) return "argued";
  return undecided === undefined ? "SURVIVED" : `SURVIVED, at a limit in ${undecided} scenarios`;
}
