import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { UNDECIDED } from "./explore.ts";
import { loadScenarios } from "./scenario-files.ts";
import { runScenario } from "./run-scenario.ts";
import type { StatementStarts } from "./source-coverage.ts";

/** What `mutate` hands to this program, as JSON in a file named by the first argument. */
export interface MutantJob {
  /** The mutated file's path and its changed text; none for the run of the unchanged sources. */
  readonly file?: string;
  readonly source?: string;
  readonly scenarios: readonly {
    readonly file: string;
    readonly name: string;
    readonly maxMilliseconds: number;
  }[];
  /** Of processor time, for all scenarios together: what is left then is not run, and undecided. */
  readonly maxMilliseconds: number | null;
  /** Instead of stopping at the first failure: say which parts of these files each scenario executes. */
  readonly covered?: readonly string[];
}

/** One scenario's verdict, printed as a line of JSON. */
export interface MutantVerdict {
  readonly name: string;
  readonly milliseconds: number;
  readonly failure?: string;
  /** The failure is a limit of states or of time: the mutant may be a bug or not. */
  readonly undecided: boolean;
  readonly executed?: Readonly<Record<string, StatementStarts>>;
}

const job = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as MutantJob;

// Only then: it takes a compiler, which each mutant's process would have to load.
const coverage = job.covered === undefined ? undefined : await import("./source-coverage.ts");
const counted = new Map(job.covered?.map((file) => [pathToFileURL(file).href, file]));
const mutated = job.file === undefined ? undefined : pathToFileURL(job.file).href;
registerHooks({
  load: (url, context, nextLoad) => {
    const file = counted.get(url);
    const source =
      url === mutated ? job.source! : file === undefined ? undefined : coverage!.markedSource(file);
    return source === undefined
      ? nextLoad(url, context)
      : { format: "module-typescript", source, shortCircuit: true };
  },
});

let left = job.maxMilliseconds ?? Infinity;
for (const { file, name, maxMilliseconds } of job.scenarios) {
  const scenario = (await loadScenarios(file)).find((candidate) => candidate.name === name)!;
  coverage?.takeExecuted();
  const limits = { ...scenario.limits, milliseconds: Math.min(maxMilliseconds, left) };
  const { failure, milliseconds } =
    left > 0
      ? runScenario({ ...scenario, limits })
      : { failure: `no time is left: ${UNDECIDED}`, milliseconds: 0 };
  left -= milliseconds;
  const undecided = failure?.includes(UNDECIDED) === true;
  const executed = coverage?.takeExecuted();
  const verdict: MutantVerdict = {
    name,
    milliseconds,
    undecided,
    ...(failure === undefined ? {} : { failure }),
    ...(executed === undefined ? {} : { executed }),
  };
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
  if (failure !== undefined && !undecided && coverage === undefined) break;
}
