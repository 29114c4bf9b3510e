import { existsSync, readdirSync, readFileSync } from "node:fs";
import { ROOT } from "./paths.ts";

/** The test files of one package that must pass on every runtime. */
export interface Suite {
  /** The folder under packages/. */
  readonly packageName: string;
  /** Names of files under test/, without ".test.ts". */
  readonly files: readonly string[];
}

/**
 * What the packages ask for under `nodeMatrix`, filtered by package and by a part of the file's name: whatever a version of
 * Node can do differently (sockets, threads and their ends, timers, WebAssembly, foreign functions, loading of modules),
 * and of the rest a smoke test at least. Long properties, fuzzing, virtual time and races of the packages' own protocols
 * run on Node 24 and on Bun.
 */
export function findSuites(packages: readonly string[], filter: string | undefined): Suite[] {
  const suites: Suite[] = [];
  for (const packageName of readdirSync(new URL("packages", ROOT)).sort()) {
    if (packages.length > 0 && !packages.includes(packageName)) continue;
    const manifest = new URL(`packages/${packageName}/package.json`, ROOT);
    if (!existsSync(manifest)) continue;
    const { nodeMatrix = [] } = JSON.parse(readFileSync(manifest, "utf8")) as { nodeMatrix?: string[] };
    const files = nodeMatrix.filter((name) => filter === undefined || name.includes(filter));
    if (files.length > 0) suites.push({ packageName, files });
  }
  return suites;
}
