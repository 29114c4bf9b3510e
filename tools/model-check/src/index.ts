export { anyResult } from "./linearizability.ts";
export type { ModelStep, RecordedCall, SequentialModel } from "./linearizability.ts";
export { namesOfRegion } from "./location-names.ts";
export type { NamedLayout, NamedRange, NamedRegion } from "./location-names.ts";
export { memoryHooks } from "./memory-hooks.ts";
export type { AccessSink, WaitResult } from "./memory-hooks.ts";
export { runAlone } from "./run-alone.ts";
export { runScenario } from "./run-scenario.ts";
export type { ScenarioResult } from "./run-scenario.ts";
export { useRealClock } from "./environment.ts";
export { defineScenario, supervisor, thread } from "./scenario.ts";
export type {
  Call,
  Limits,
  ModelThread,
  Outcome,
  PctOptions,
  Scenario,
  ScenarioOptions,
  Supervisor,
} from "./scenario.ts";
