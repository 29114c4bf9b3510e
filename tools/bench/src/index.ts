export { bunCase, cCase, nodeCase, rustCase, type CaseOptions } from "./case.ts";
export {
  runSuite,
  type CaseResult,
  type GoalResult,
  type Ratio,
  type RunOptions,
  type SuiteResult,
} from "./harness.ts";
export { isQuick, measure, report, type MeasureOptions } from "./measure.ts";
export { buildC, buildRust, cSkip, missing, rustSkip, versionOf } from "./native.ts";
export { medianInterval, spreadOf, type MedianInterval, type Spread } from "./statistics.ts";
export type { BenchCase, BenchCommand, BenchGoal, BenchSuite, BenchSuiteModule } from "./suite.ts";
