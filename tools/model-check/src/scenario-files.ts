import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { memoryHooks } from "./memory-hooks.ts";
import type { Scenario } from "./scenario.ts";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

/** `packages/<name>/model-check/*.scenarios.ts`, of one package or of all. */
export function findScenarioFiles(packageName?: string): string[] {
  const packages = join(repository, "packages");
  return readdirSync(packages)
    .filter((name) => packageName === undefined || name === packageName)
    .map((name) => join(packages, name, "model-check"))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.endsWith(".scenarios.ts"))
        .map((name) => join(folder, name)),
    )
    .sort();
}

/** Imports a file of scenarios, after the hooks are in place, and refuses one whose packages came without them. */
export async function loadScenarios(file: string): Promise<readonly Scenario[]> {
  const module = (await import(pathToFileURL(file).href)) as { default?: readonly Scenario[] };
  if (!Array.isArray(module.default)) throw new Error(`${file} exports no scenarios by default`);
  if (!memoryHooks.loaded) {
    throw new Error(
      `${file}: the hooked memory module is not loaded; run node --conditions=@udp-relay/model-check`,
    );
  }
  return module.default as readonly Scenario[];
}
