import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { HangWatch } from "./hang-watch.ts";
import type { ListedScenario } from "./list-scenarios.ts";
import { MeasuredScenarios } from "./measured-scenarios.ts";
import type { Mutant } from "./mutation-operators.ts";
import { mutantsOf } from "./mutation-operators.ts";
import type { MutantJob, MutantVerdict } from "./run-mutant.ts";
import { statementAt } from "./source-coverage.ts";

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
  /** The scenario that failed; absent: it survived all of them, or hit a limit in some and survived the others. */
  readonly killedBy?: string;
  /** The failure's first line. */
  readonly how?: string;
  readonly milliseconds: number;
  /** In how many scenarios a limit of states or time was hit before a fault was found. */
  readonly undecided?: number;
  /** It was not run: its reason says why nothing could kill it. */
  readonly argued?: true;
}

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const conditions = [
  "--conditions=@udp-relay/model-check",
  "--conditions=@udp-relay/source",
  "--disable-warning=ExperimentalWarning",
];
const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** What a mutant may take of processor time: so much, and some times what the unchanged sources take. */
const SCENARIO_FLOOR_MS = 2_000;
const MUTANT_FLOOR_MS = 10_000;

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
export function listMutants(
  scenarios: readonly ListedScenario[],
  packageNames: readonly string[] = [],
): PlacedMutant[] {
  const files = [...new Set(scenarios.flatMap(({ touches }) => touches))].sort();
  return files
    .filter((file) => /^packages\/[^/]+\/src\//.test(file) && !file.endsWith("-model.ts"))
    .filter((file) => packageNames.length === 0 || packageNames.includes(file.split("/")[1]!))
    .flatMap((file) => {
      const text = readFileSync(join(repository, file), "utf8");
      return mutantsOf(file, text).map((mutant) => ({ ...mutant, file }));
    });
}

/** Runs mutants against the scenarios that touch their files and execute their code, the quickest scenario first. */
export class MutationRun {
  #scenarios: readonly ListedScenario[];
  /** Of each scenario on the unchanged sources. */
  readonly #measured = new Map<string, MutantVerdict>();
  readonly #folder = mkdtempSync(join(tmpdir(), "model-check-mutants-"));
  readonly #longMs: number;
  #jobs = 0;

  /** @param longMs how long a long scenario may take to be among those that mutants run */
  constructor(scenarios: readonly ListedScenario[], longMs: number) {
    this.#longMs = longMs;
    this.#scenarios = scenarios.filter(({ long }) => !long || longMs > 0);
  }

  /** Times the scenarios that these mutants need, and sees what they execute. @throws Error if one fails already */
  async measure(mutants: readonly PlacedMutant[], jobs: number): Promise<void> {
    const files = [...new Set(mutants.map(({ file }) => file))];
    const needed = this.#scenarios.filter(({ touches }) => touches.some((file) => files.includes(file)));
    const kept = new MeasuredScenarios();
    for (const scenario of needed) {
      const verdict = kept.get(scenario.file, scenario.name);
      if (verdict !== undefined) this.#measured.set(keyOf(scenario), verdict);
    }
    const missing = needed.filter((scenario) => !this.#measured.has(keyOf(scenario)));
    const covered = [...new Set(this.#scenarios.flatMap(({ touches }) => touches))].map((file) =>
      join(repository, file),
    );
    const measureShare = async (share: readonly ListedScenario[]): Promise<void> => {
      const scenarios = share.map(({ file, name }) => ({ file, name, maxMilliseconds: 120_000 }));
      const job = { scenarios, covered, maxMilliseconds: Infinity };
      const { verdicts, error } = await this.#spawn(job, 1_800_000);
      for (const [index, verdict] of verdicts.entries()) {
        const { name, failure } = verdict;
        if (failure !== undefined) throw new Error(`"${name}" fails on the unchanged sources: ${failure}`);
        this.#measured.set(keyOf(share[index]!), verdict);
        kept.set(share[index]!.file, name, verdict);
      }
      if (verdicts.length !== share.length) throw new Error(`the scenarios did not run: ${error}`);
    };
    const shares = Array.from({ length: jobs }, (_, job) =>
      missing.filter((_, index) => index % jobs === job),
    );
    await Promise.all(shares.filter(({ length }) => length > 0).map(measureShare));
    kept.save();
    this.#scenarios = needed.filter((scenario) => !scenario.long || this.#time(scenario) <= this.#longMs);
  }

  /** Undefined: at the deadline, of `performance.now()`, nothing was known yet. */
  async run(
    { file, id, line, offset, source }: PlacedMutant,
    deadline: number,
  ): Promise<MutantOutcome | undefined> {
    const path = join(repository, file);
    const scenarios = this.#scenarios
      .filter((scenario) => scenario.touches.includes(file) && this.#executes(scenario, path, offset))
      .sort((one, other) => this.#time(one) - this.#time(other));
    if (scenarios.length === 0) return { file, id, line, reached: false, milliseconds: 0 };
    const timed = scenarios.map((scenario) => ({
      file: scenario.file,
      name: scenario.name,
      maxMilliseconds: SCENARIO_FLOOR_MS + 4 * this.#time(scenario),
    }));
    const clean = scenarios.reduce((sum, scenario) => sum + this.#time(scenario), 0);
    const job: MutantJob = {
      file: path,
      source,
      scenarios: timed,
      maxMilliseconds: MUTANT_FLOOR_MS + 2 * clean,
    };
    const start = performance.now();
    const { verdicts, error, ended } = await this.#spawn(job, Math.max(1, deadline - start));
    const failed = verdicts.find(({ failure, undecided }) => failure !== undefined && !undecided);
    const milliseconds = Math.round(performance.now() - start);
    const outcome = { file, id, line, reached: true, milliseconds };
    if (failed !== undefined) {
      return { ...outcome, killedBy: failed.name, how: failed.failure!.split("\n")[0]! };
    }
    if (ended === "out of time") return undefined;
    if (verdicts.length < scenarios.length) {
      const how = ended === "hangs" ? "does not end" : error.trim().split("\n").at(-1)!;
      return { ...outcome, killedBy: scenarios[verdicts.length]!.name, how };
    }
    const undecided = verdicts.filter((verdict) => verdict.undecided).length;
    return undecided > 0 ? { ...outcome, undecided } : outcome;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #time(scenario: ListedScenario): number {
    return this.#measured.get(keyOf(scenario))?.milliseconds ?? 0;
  }

  #executes(scenario: ListedScenario, path: string, offset: number): boolean {
    const start = statementAt(path, readFileSync(path, "utf8"), offset);
    const executed = this.#measured.get(keyOf(scenario))?.executed?.[path];
    return executed !== undefined && (start === undefined || executed.includes(start));
  }

  #spawn(job: MutantJob, timeoutMs: number): Promise<SpawnResult> {
    const path = join(this.#folder, `${this.#jobs++}.json`);
    writeFileSync(path, JSON.stringify(job));
    return new Promise((resolve) => {
      const child = spawn(process.execPath, [...conditions, program("run-mutant.ts"), path], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const verdicts: MutantVerdict[] = [];
      let stderr = "";
      let ended: SpawnResult["ended"] = "itself";
      const kill = (why: SpawnResult["ended"]): void => {
        ended = why;
        child.kill("SIGKILL");
      };
      const timer = setTimeout(() => kill("out of time"), Math.min(timeoutMs, 0x7fffffff));
      const watch = new HangWatch(child.pid!);
      const watching = setInterval(() => {
        const scenario = job.scenarios[verdicts.length];
        if (scenario !== undefined && watch.hangs(scenario.maxMilliseconds)) kill("hangs");
      }, 250);
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (!line.startsWith("{")) return;
        verdicts.push(JSON.parse(line) as MutantVerdict);
        watch.nextScenario();
      });
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      child.on("close", () => {
        clearTimeout(timer);
        clearInterval(watching);
        resolve({ verdicts, error: stderr, ended });
      });
    });
  }
}

interface SpawnResult {
  readonly verdicts: readonly MutantVerdict[];
  readonly error: string;
  readonly ended: "itself" | "hangs" | "out of time";
}

const keyOf = ({ file, name }: ListedScenario): string => `${file} ${name}`;
