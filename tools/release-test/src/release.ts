import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mustRun, type RunResult } from "./run-command.ts";

/**
 * The steps of a release, in a tree that the caller names: the release test and the release itself take the same.
 * `changeset` starts `pnpm` by its name, so it runs under npx, which puts the pinned one on the PATH.
 */
export function pnpm(root: string, args: readonly string[]): Promise<RunResult> {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { packageManager: string };
  const options = { cwd: tmpdir(), env: { CI: "true" }, timeoutMs: 900_000 };
  return mustRun("npx", ["--yes", manifest.packageManager, "--dir", root, ...args], options);
}

/** Turns the changesets into versions and changelogs, and writes the lockfile that belongs to them. */
export async function versionPackages(root: string): Promise<string> {
  const { output } = await pnpm(root, ["exec", "changeset", "version"]);
  await pnpm(root, [
    "install",
    "--lockfile-only",
    "--no-frozen-lockfile",
    "--prefer-offline",
    "--reporter=append-only",
  ]);
  return output;
}

export async function buildPackages(root: string): Promise<string> {
  const targets = [
    "run-many",
    "-t",
    "build",
    "--projects=packages/*",
    "--parallel=2",
    "--output-style=static",
  ];
  return (await pnpm(root, ["exec", "nx", ...targets])).output;
}

/**
 * Packs every package whose version the registry lacks, and publishes these files and no others, as the release
 * workflow does in two jobs.
 *
 * @param options more options of `changeset publish`
 */
export async function publishPackages(root: string, options: readonly string[] = []): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "udp-relay-pack-"));
  try {
    const packed = await pnpm(root, ["exec", "changeset", "pack", "--out-dir", folder]);
    const published = await pnpm(root, [
      "exec",
      "changeset",
      "publish",
      "--from-pack-dir",
      folder,
      ...options,
    ]);
    return packed.output + published.output;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
