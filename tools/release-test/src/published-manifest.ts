import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ReleasedPackage } from "./released-package.ts";

/** What is wrong with a package as it came from the registry; empty when nothing is. */
export function manifestFaults(folder: string, { name, version }: ReleasedPackage): string[] {
  const installed = join(folder, "node_modules", name);
  const text = readFileSync(join(installed, "package.json"), "utf8");
  const published = JSON.parse(text) as ReleasedPackage["manifest"];
  const faults: string[] = [];
  if (published.version !== version) faults.push(`it is version ${published.version}, not ${version}`);
  const ranges = JSON.stringify(published.dependencies ?? {});
  if (ranges.includes("workspace:")) faults.push(`its dependencies name the workspace: ${ranges}`);
  for (const file of ["README.md", "LICENSE", "dist/index.js", "dist/index.d.ts", "src/index.ts"]) {
    if (!existsSync(join(installed, file))) faults.push(`it has no ${file}`);
  }
  for (const folderName of ["test", "out-tsc", "model-check", "tmp"]) {
    if (existsSync(join(installed, folderName))) faults.push(`it ships ${folderName}/`);
  }
  // npm accepts a provenance statement only from the repository that the manifest names.
  if (published.repository?.url === undefined) faults.push("it names no repository");
  return faults;
}
