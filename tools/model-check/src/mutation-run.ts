import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ListedScenario } from "./list-scenarios.ts";
import type { Mutant } from "./mutation-operators.ts";
import { mutantsOf } from "./mutation-operators.ts";
import { SourceCoverage } from "./source-coverage.ts";
import type { MutantJob, MutantVerdict } from "./run-mutant.ts";

/** A mutant and where it is. */
export interface PlacedMutant extends Mutant {
  /** From the repository's root. */
  readonly file: string;
}

/** What became of a mutant. */
export interface MutantOutcome {
  readonly file: string;
  readonly id: string;
  readonly line: number;
  /** Whether any scenario executes the code; what none does is for the package's own tests, and not run. */
  readonly reached: boolean;
  /** The scenario that failed; absent: it survived all of them. */
  readonly killedBy?: string;
  /** The failure's first line. */
  readonly how?: string;
  readonly milliseconds: number;
}

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const conditions = [
  "--conditions=@udp-relay/model-check",
  "--conditions=@udp-relay/source",
  "--disable-warning=ExperimentalWarning",
];
const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The scenarios of all packages. */
export function listScenarios(): readonly ListedScenario[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...conditions, program("list-scenarios.ts")],
    {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    },
  );
  if (status !== 0) throw new Error(`the scenarios cannot be listed: ${stderr}`);
  return JSON.parse(stdout) as readonly ListedScenario[];
}

/** The mutants of every file that a scenario touches, of one package or of all. */
export function listMutants(scenarios: readonly ListedScenario[], packageName?: string): PlacedMutant[] {
  const files = [...new Set(scenarios.flatMap(({ touches }) => touches))].sort();
  return files
    .filter((file) => /^packages\/[^/]+\/src\//.test(file) && !file.endsWith("-model.ts"))
    .filter((file) => packageName === undefined || file.startsWith(`packages/${packageName}/`))
    .flatMap((file) => {
      const text = readFileSync(join(repository, file), "utf8");
      return mutantsOf(file, text).map((mutant) => ({ ...mutant, file }));
    });
}

/** Runs mutants against the scenarios that touch their files, the quickest scenario first. */
export class MutationRun {
  #scenarios: readonly ListedScenario[];
  /** Of each scenario on the unchanged sources. */
  readonly #milliseconds = new Map<string, number>();
  readonly #folder = mkdtempSync(join(tmpdir(), "model-check-mutants-"));
  readonly #longMs: number;
  #jobs = 0;
  #coverage: SourceCoverage | undefined;

  /** @param longMs how long a long scenario may take to be among those that mutants run */
  constructor(scenarios: readonly ListedScenario[], longMs: number) {
    this.#longMs = longMs;
    this.#scenarios = scenarios.filter(({ long }) => !long || longMs > 0);
  }

  /** Times the scenarios that these mutants need, and sees what they execute. @throws Error if one fails already */
  async measure(mutants: readonly PlacedMutant[]): Promise<void> {
    const files = new Set(mutants.map(({ file }) => file));
    const needed = this.#scenarios.filter(({ touches }) => touches.some((file) => files.has(file)));
    const job = { scenarios: needed, stopAtFirst: false, maxMilliseconds: 120_000 };
    const coverage = join(this.#folder, "coverage");
    const { verdicts, error } = await this.#spawn(job, 1_800_000, { NODE_V8_COVERAGE: coverage });
    for (const { name, milliseconds, failure } of verdicts) {
      if (failure !== undefined) throw new Error(`"${name}" fails on the unchanged sources: ${failure}`);
      this.#milliseconds.set(name, milliseconds);
    }
    if (verdicts.length !== needed.length) throw new Error(`the scenarios did not run: ${error}`);
    this.#coverage = new SourceCoverage(coverage);
    this.#scenarios = this.#scenarios.filter(
      (scenario) => !scenario.long || this.#time(scenario) <= this.#longMs,
    );
  }

  async run(mutant: PlacedMutant): Promise<MutantOutcome> {
    const { file, id, line } = mutant;
    if (this.#coverage?.executed(join(repository, file), mutant.offset) === false) {
      return { file, id, line, reached: false, milliseconds: 0 };
    }
    const scenarios = this.#scenarios
      .filter(({ touches }) => touches.includes(mutant.file))
      .sort((one, other) => this.#time(one) - this.#time(other));
    const slowest = Math.max(...scenarios.map((scenario) => this.#time(scenario)));
    const total = scenarios.reduce((sum, scenario) => sum + this.#time(scenario), 0);
    const job: MutantJob = {
      file: join(repository, mutant.file),
      source: mutant.source,
      scenarios,
      stopAtFirst: true,
      maxMilliseconds: 15_000 + 8 * slowest,
    };
    const start = performance.now();
    const { verdicts, error, timedOut } = await this.#spawn(job, 40_000 + 10 * total);
    const failed = verdicts.find(({ failure }) => failure !== undefined);
    const milliseconds = Math.round(performance.now() - start);
    const outcome = { file, id, line, reached: true, milliseconds };
    if (failed !== undefined) {
      return { ...outcome, killedBy: failed.name, how: failed.failure!.split("\n")[0]! };
    }
    if (timedOut) return { ...outcome, killedBy: scenarios[verdicts.length]!.name, how: "does not end" };
    if (verdicts.length < scenarios.length) {
      return {
        ...outcome,
        killedBy: scenarios[verdicts.length]!.name,
        how: error.trim().split("\n").at(-1)!,
      };
    }
    return outcome;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #time({ name }: ListedScenario): number {
    return this.#milliseconds.get(name) ?? 0;
  }

  #spawn(
    job: MutantJob,
    timeoutMs: number,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<{ verdicts: MutantVerdict[]; error: string; timedOut: boolean }> {
    const path = join(this.#folder, `${this.#jobs++}.json`);
    writeFileSync(path, JSON.stringify(job));
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [...conditions, program("run-mutant.ts"), path], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...environment },
      });
      let stdout = "";
      let stderr = "";
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        child.kill("SIGKILL");
      }, timeoutMs);
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.on("close", () => {
        clearTimeout(timer);
        const verdicts = stdout
          .split("\n")
          .filter((line) => line.startsWith("{"))
          .map((line) => JSON.parse(line) as MutantVerdict);
        resolve({ verdicts, error: stderr, timedOut });
      });
    });
  }
}
