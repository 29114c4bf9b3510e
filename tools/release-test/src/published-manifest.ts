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
  // The site rewrites links to the repository; who reads in node_modules has what is there. Tests are not.
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  for (const [, to = ""] of readme.matchAll(/[^!]\[[^\]]*\]\(([^)#]+)\)/g)) {
    if (!/^(?:https?:|\.\.|test\/)/.test(to) && !existsSync(join(installed, to)))
      faults.push(`its README links to ${to}, which is not there`);
  }
  // npm accepts a provenance statement only from the repository that the manifest names.
  if (published.repository?.url === undefined) faults.push("it names no repository");
  return faults;
}
