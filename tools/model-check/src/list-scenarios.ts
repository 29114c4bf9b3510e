import { findScenarioFiles, loadScenarios } from "./scenario-files.ts";

/** One declared scenario, as `mutate` needs it. */
export interface ListedScenario {
  readonly file: string;
  readonly name: string;
  readonly touches: readonly string[];
  readonly long: boolean;
}

// Prints every scenario as JSON: what they declare is known only under the hooked memory module.
const listed: ListedScenario[] = [];
for (const file of findScenarioFiles()) {
  for (const { name, touches, long = false } of await loadScenarios(file))
    listed.push({ file, name, touches, long });
}
process.stdout.write(JSON.stringify(listed));
