import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { KIT } from "./paths.ts";
import { mustRun } from "./run-command.ts";

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string }>>;
}

/** Installs the kit by its lockfile unless what is there is what the lockfile says (some 180 MB, half a minute). */
export async function installKit(): Promise<void> {
  if (isInstalled()) return;
  console.log("installing the release kit (once) …");
  // Not `npm ci`: it refuses a lockfile without some other platform's binary, which npm leaves out of those that it
  // writes where that one cannot be fetched. This takes the same versions and leaves the lockfile as it is.
  const options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await mustRun("npm", ["install", ...options], { cwd: KIT, timeoutMs: 600_000 });
}

function isInstalled(): boolean {
  const wanted = JSON.parse(readFileSync(join(KIT, "package-lock.json"), "utf8")) as Lockfile;
  const direct = JSON.parse(readFileSync(join(KIT, "package.json"), "utf8")) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  return Object.keys(direct.devDependencies).every((name) => {
    const manifest = join(KIT, "node_modules", name, "package.json");
    if (!existsSync(manifest)) return false;
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
    return wanted.packages[`node_modules/${name}`]?.version === version;
  });
}
