/** A process to start. `command` builds one; it may compile first (see native.ts, which does so once a run). */
export interface BenchCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * One operation, measured by a process of its own that warms it up, measures it and prints, as the last line of
 * its standard output, one JSON object with a finite number `value` in the suite's unit. Every other property is
 * kept in the `--json` file.
 */
export interface BenchCase {
  readonly name: string;
  /** Why the case cannot run here, such as a missing compiler; undefined when it can. */
  skip?(): string | undefined;
  command(quick: boolean): BenchCommand;
  /** The process is killed after this time, default 60,000. */
  readonly timeoutMs?: number;
}

/** The ratio of two cases' values, taken within each round; its median has to stay within the limit. */
export interface BenchGoal {
  readonly case: string;
  readonly against: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** Cases that are comparable: one table of the report. */
export interface BenchSuite {
  readonly area: string;
  readonly title: string;
  /** Unit of every case's `value`, such as "ns" or "packets/CPU-second". */
  readonly unit: string;
  /** The name of the case that the others' ratios refer to. */
  readonly reference: string;
  readonly cases: readonly BenchCase[];
  readonly goals?: readonly BenchGoal[];
  /** Printed under the table: what was counted and what was not. */
  readonly notes?: readonly string[];
  /** More tables of the same rounds. */
  readonly also?: readonly BenchReading[];
}

/** Another finite number that every case prints beside `value`: a table of its own, at no more runs. */
export interface BenchReading {
  readonly title: string;
  readonly unit: string;
  readonly property: string;
  readonly goals?: readonly BenchGoal[];
  readonly notes?: readonly string[];
}

/** What `src/<area>/suite.ts` exports: `suite`, or `suites` for an area with several tables. */
export interface BenchSuiteModule {
  readonly suite?: BenchSuite;
  readonly suites?: readonly BenchSuite[];
}

/** Refuses a suite that could not be reported: doubled names, an unknown reference or goal, a goal without limit. */
export function checkSuite(suite: BenchSuite): void {
  const names = new Set<string>();
  const fail = (problem: string): never => {
    throw new TypeError(`bench suite "${suite.title}" (${suite.area}): ${problem}`);
  };
  for (const { name } of suite.cases) {
    if (names.has(name)) fail(`two cases are named "${name}"`);
    names.add(name);
  }
  if (!names.has(suite.reference)) fail(`the reference "${suite.reference}" is no case`);
  for (const goal of [suite, ...(suite.also ?? [])].flatMap(({ goals }) => goals ?? [])) {
    for (const name of [goal.case, goal.against])
      if (!names.has(name)) fail(`a goal names "${name}", no case`);
    if (goal.atMost === undefined && goal.atLeast === undefined)
      fail(`the goal of "${goal.case}" has no limit`);
  }
}
