import { describeTrace } from "./counter-example.ts";
import { withFixedEnvironment } from "./environment.ts";
import { explore } from "./explore.ts";
import { memoryHooks } from "./memory-hooks.ts";
import { ModelSystem, ScenarioFailure } from "./model-system.ts";
import { runPct } from "./random-priorities.ts";
import { processorMs } from "./processor-time.ts";
import type { Scenario } from "./scenario.ts";
import { NondeterministicThread } from "./thread-history.ts";

/** A row of the table. */
export interface ScenarioResult {
  readonly name: string;
  readonly mode: string;
  /** Distinct states of an exhaustive scenario, executions of a random one. */
  readonly states: number;
  /** Executions that ended and were judged (not counting those that a visited state stands for). */
  readonly ends: number;
  readonly steps: number;
  readonly milliseconds: number;
  readonly failure: string | undefined;
}

/** Runs one scenario. Whatever goes wrong is its failure, a limit that was hit included. */
export function runScenario(scenario: Scenario): ScenarioResult {
  const start = processorMs();
  const random = typeof scenario.mode === "object";
  const mode = random
    ? "random"
    : scenario.interruption === undefined || scenario.interruption === "none"
      ? "all"
      : `all+${scenario.interruption}`;
  let counted = { states: 0, ends: 0, steps: 0 };
  const failure = withFixedEnvironment(() => failureOf(scenario, (result) => (counted = result)));
  return {
    name: scenario.name,
    mode,
    ...counted,
    milliseconds: processorMs() - start,
    failure: judged(scenario, failure),
  };
}

function judged({ expectFailure }: Scenario, failure: string | undefined): string | undefined {
  if (expectFailure === undefined) return failure;
  if (failure?.includes(expectFailure) === true) return undefined;
  return `should have failed with "${expectFailure}", but ${failure === undefined ? "passed" : `failed with ${failure}`}`;
}

function failureOf(
  scenario: Scenario,
  done: (counted: { states: number; ends: number; steps: number }) => void,
): string | undefined {
  let system: ModelSystem | undefined;
  try {
    const before = memoryHooks.accesses;
    system = new ModelSystem(scenario);
    if (typeof scenario.mode === "object") done(runPct(system, scenario.mode));
    else done(explore(system));
    if (memoryHooks.accesses === before) return "no access came through the hooked memory module";
    return undefined;
  } catch (error) {
    if (error instanceof ScenarioFailure) {
      const trace =
        system === undefined || error.trace === undefined ? "" : `\n${describeTrace(system, error.trace)}`;
      return `${error.message}${trace}`;
    }
    if (error instanceof NondeterministicThread) return error.message;
    return `broken scenario: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  }
}
