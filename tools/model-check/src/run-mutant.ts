import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";
import { loadScenarios } from "./scenario-files.ts";
import { runScenario } from "./run-scenario.ts";

/** What `mutate` hands to this program, as JSON in a file named by the first argument. */
export interface MutantJob {
  /** The mutated file's path and its changed text; none for the run of the unchanged sources. */
  readonly file?: string;
  readonly source?: string;
  readonly scenarios: readonly { readonly file: string; readonly name: string }[];
  readonly stopAtFirst: boolean;
  /** For each scenario. */
  readonly maxMilliseconds: number;
}

/** One scenario's verdict, printed as a line of JSON. */
export interface MutantVerdict {
  readonly name: string;
  readonly milliseconds: number;
  readonly failure?: string;
}

const job = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as MutantJob;

if (job.file !== undefined) {
  const mutated = pathToFileURL(job.file).href;
  registerHooks({
    load: (url, context, nextLoad) =>
      url === mutated
        ? { format: "module-typescript", source: job.source!, shortCircuit: true }
        : nextLoad(url, context),
  });
}

for (const { file, name } of job.scenarios) {
  const scenario = (await loadScenarios(file)).find((candidate) => candidate.name === name)!;
  const limits = { ...scenario.limits, milliseconds: job.maxMilliseconds };
  const { failure, milliseconds } = runScenario({ ...scenario, limits });
  const verdict: MutantVerdict = { name, milliseconds, ...(failure === undefined ? {} : { failure }) };
  process.stdout.write(`${JSON.stringify(verdict)}\n`);
  if (failure !== undefined && job.stopAtFirst) break;
}
