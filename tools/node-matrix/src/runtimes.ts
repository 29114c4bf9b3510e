import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CACHE, ROOT } from "./paths.ts";

/** A JavaScript runtime that the packages promise to run on. */
export interface Runtime {
  /** As given to --on. */
  readonly name: string;
  readonly label: string;
  /** Exact version of the npm package that carries the binary; Bun comes with the workspace. */
  readonly version?: string;
}

export const RUNTIMES: readonly Runtime[] = [
  ...["20.20.2", "22.23.3", "24.21.0", "26.10.0"].map((version) => ({
    name: version.slice(0, 2),
    label: `node ${version}`,
    version,
  })),
  { name: "bun", label: "bun" },
];

/**
 * The executable, fetched once (some 40 MB compressed each) into the cache of this tool, outside the workspace's
 * dependencies: whoever only runs the tests does not pay for it.
 */
export function fetchRuntime({ name, version }: Runtime): string {
  if (version === undefined) return fileURLToPath(new URL("node_modules/.bin/bun", ROOT));
  const platform = process.platform === "win32" ? "win" : process.platform;
  const packageName = `node-${platform}-${process.arch}`;
  const folder = new URL(`node-${name}/`, CACHE);
  const file = process.platform === "win32" ? "bin/node.exe" : "bin/node";
  const executable = new URL(`node_modules/${packageName}/${file}`, folder);
  if (!isVersion(executable, version)) {
    console.log(`fetching ${packageName}@${version}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL("package.json", folder), '{ "private": true }\n');
    const options = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    const npm = process.platform === "win32" ? "npm.cmd" : "npm";
    execFileSync(
      npm,
      ["install", ...options, "--prefix", fileURLToPath(folder), `${packageName}@${version}`],
      {
        stdio: "inherit",
        shell: process.platform === "win32",
      },
    );
    if (!isVersion(executable, version)) throw new Error(`${packageName}@${version} has no working ${file}`);
  }
  return fileURLToPath(executable);
}

function isVersion(executable: URL, version: string): boolean {
  if (!existsSync(executable)) return false;
  return (
    execFileSync(fileURLToPath(executable), ["--version"], { encoding: "utf8" }).trim() === `v${version}`
  );
}
