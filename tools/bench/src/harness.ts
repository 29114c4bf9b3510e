import { runChild, type ChildResult } from "./child.ts";
import { medianInterval, spreadOf, type MedianInterval, type Spread } from "./statistics.ts";
import { checkSuite, type BenchCase, type BenchGoal, type BenchReading, type BenchSuite } from "./suite.ts";

export type { BenchCase, BenchCommand, BenchGoal, BenchSuite } from "./suite.ts";

export interface RunOptions {
  /** Interleaved rounds, each of which runs every case once. */
  readonly rounds: number;
  /** Cases are asked for their short form, and `measure` shortens its passes. */
  readonly quick: boolean;
  /** No round is begun that would probably end after this time; the first one always runs. */
  readonly budgetMs?: number;
  /** Called before each process. */
  readonly onProgress?: (message: string) => void;
}

export interface Ratio extends MedianInterval {
  /** Median over the rounds of the ratio within each round. */
  readonly median: number;
}

export type CaseResult =
  | { readonly name: string; readonly state: "skipped"; readonly reason: string }
  | { readonly name: string; readonly state: "failed"; readonly reason: string }
  | {
      readonly name: string;
      readonly state: "measured";
      readonly spread: Spread;
      /** To the suite's reference; undefined when that was skipped or failed. */
      readonly ratio: Ratio | undefined;
      readonly rounds: readonly ChildResult[];
    };

export interface GoalResult {
  readonly goal: BenchGoal;
  readonly state: "met" | "missed" | "not judged";
  /** The whole confidence interval lies on the same side of the limit as the median. */
  readonly certain: boolean;
  readonly ratio: Ratio | undefined;
}

export interface SuiteResult {
  readonly suite: BenchSuite;
  readonly roundsRun: number;
  readonly elapsedMs: number;
  readonly cases: readonly CaseResult[];
  readonly goals: readonly GoalResult[];
  /** The suite's other readings, in its order. */
  readonly also: readonly SuiteResult[];
}

/** What the rounds of a suite brought. */
interface Rounds {
  readonly skipped: ReadonlyMap<string, string>;
  readonly failed: ReadonlyMap<string, string>;
  readonly measured: ReadonlyMap<string, readonly ChildResult[]>;
  readonly roundsRun: number;
  readonly elapsedMs: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;

/** 5 rounds reach 0.9375. */
const CERTAIN_COVERAGE = 0.9;

/**
 * Runs a suite in interleaved rounds (A B C, B C A, …): a machine that slows down for seconds slows all cases of a
 * round alike, and the rotating start gives no case the same neighbour always. Ratios are taken within a round.
 * A case that fails once is reported as failed and not run again.
 */
export async function runSuite(suite: BenchSuite, options: RunOptions): Promise<SuiteResult> {
  checkSuite(suite);
  const skipped = new Map<string, string>();
  const failed = new Map<string, string>();
  const measured = new Map<string, ChildResult[]>();
  const env: Record<string, string> = { BENCH_QUICK: options.quick ? "1" : "" };
  const runnable: BenchCase[] = [];
  for (const one of suite.cases) {
    const reason = one.skip?.();
    if (reason === undefined) runnable.push(one);
    else skipped.set(one.name, reason);
  }

  // Programs are compiled by now (`skip` tries to): the budget is for measuring.
  const begun = performance.now();
  let roundsRun = 0;
  let longestRoundMs = 0;
  while (roundsRun < options.rounds && runnable.length > 0) {
    const roundBegun = performance.now();
    if (roundsRun > 0 && roundBegun - begun + longestRoundMs > (options.budgetMs ?? Infinity)) break;
    for (let position = 0; position < runnable.length; position++) {
      const one = runnable[(position + roundsRun) % runnable.length]!;
      if (failed.has(one.name)) continue;
      options.onProgress?.(`${suite.area}: round ${roundsRun + 1} of ${options.rounds}, ${one.name}`);
      try {
        const result = await runChild(one.command(options.quick), one.timeoutMs ?? DEFAULT_TIMEOUT_MS, env);
        const results = measured.get(one.name);
        if (results === undefined) measured.set(one.name, [result]);
        else results.push(result);
      } catch (error) {
        failed.set(one.name, (error as Error).message);
      }
    }
    longestRoundMs = Math.max(longestRoundMs, performance.now() - roundBegun);
    roundsRun += 1;
  }

  const rounds = { skipped, failed, measured, roundsRun, elapsedMs: performance.now() - begun };
  const also = (suite.also ?? []).map((reading) =>
    summarise(readAs(suite, reading), rounds, reading.property),
  );
  return { ...summarise(suite, rounds, "value"), also };
}

function readAs(suite: BenchSuite, { title, unit, goals = [], notes = [] }: BenchReading): BenchSuite {
  const { area, reference, cases } = suite;
  return { area, title: `${suite.title}: ${title}`, unit, reference, cases, goals, notes };
}

function summarise(suite: BenchSuite, rounds: Rounds, property: string): SuiteResult {
  const { skipped, failed, measured, roundsRun, elapsedMs } = rounds;
  const valuesOf = (name: string): number[] | undefined =>
    failed.has(name) ? undefined : measured.get(name)?.map((result) => Number(result[property]));
  const cases = suite.cases.map(({ name }): CaseResult => {
    const skipReason = skipped.get(name);
    if (skipReason !== undefined) return { name, state: "skipped", reason: skipReason };
    const values = valuesOf(name);
    if (values === undefined) return { name, state: "failed", reason: failed.get(name) ?? "it never ran" };
    const ratio = ratioOf(values, valuesOf(suite.reference));
    return { name, state: "measured", spread: spreadOf(values), ratio, rounds: measured.get(name) ?? [] };
  });
  const goals = (suite.goals ?? []).map((goal) =>
    judge(goal, ratioOf(valuesOf(goal.case), valuesOf(goal.against))),
  );
  return { suite, roundsRun, elapsedMs, cases, goals, also: [] };
}

/** Ratio of two cases round by round; undefined when either has no values. */
export function ratioOf(
  values: readonly number[] | undefined,
  against: readonly number[] | undefined,
): Ratio | undefined {
  if (values === undefined || values.length !== against?.length) return undefined;
  const ratios = values.map((value, round) => value / against[round]!);
  if (ratios.length === 0 || !ratios.every(Number.isFinite)) return undefined;
  return { median: spreadOf(ratios).median, ...medianInterval(ratios) };
}

/** Met or missed goes by the median; certain, by the whole interval, if there are rounds enough for one. */
export function judge(goal: BenchGoal, ratio: Ratio | undefined): GoalResult {
  if (ratio === undefined) return { goal, state: "not judged", certain: false, ratio };
  const within = (value: number): boolean =>
    value <= (goal.atMost ?? Infinity) && value >= (goal.atLeast ?? -Infinity);
  const met = within(ratio.median);
  const oneSided = met
    ? within(ratio.low) && within(ratio.high)
    : ratio.low > (goal.atMost ?? Infinity) || ratio.high < (goal.atLeast ?? -Infinity);
  return {
    goal,
    state: met ? "met" : "missed",
    certain: oneSided && ratio.coverage >= CERTAIN_COVERAGE,
    ratio,
  };
}
