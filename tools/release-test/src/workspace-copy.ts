import { cp, mkdir, readdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "./paths.ts";
import { pnpm } from "./release.ts";
import { mustRun } from "./run-command.ts";

/**
 * Copies the repository's tracked files, installs the workspace there by its lockfile and commits: versioning and
 * publishing write into their tree and its git, which must not be the developer's.
 *
 * @param committed take the files as the last commit has them, not as they lie in the work tree
 */
export async function copyWorkspace(target: string, committed: boolean): Promise<void> {
  await mkdir(target, { recursive: true });
  const git = (cwd: string, ...args: string[]): Promise<{ stdout: string }> =>
    mustRun("git", args, { cwd, timeoutMs: 120_000 });
  if (committed) {
    const archive = join(dirname(target), "committed.tar");
    await git(ROOT, "archive", "--format=tar", `--output=${archive}`, "HEAD");
    await mustRun("tar", ["-xf", archive, "-C", target], { cwd: target, timeoutMs: 120_000 });
  } else {
    const { stdout } = await git(ROOT, "ls-files", "-z");
    for (const file of stdout.split("\0").filter((name) => name !== "" && existsSync(join(ROOT, name)))) {
      await cp(join(ROOT, file), join(target, file), { verbatimSymlinks: true });
    }
  }
  if ((await readdir(target)).length === 0) throw new Error(`nothing was copied to ${target}`);
  const identity = ["-c", "user.name=release-test", "-c", "user.email=release-test@localhost"];
  await git(target, "init", "--quiet", "--initial-branch=main");
  await git(target, "add", "--all");
  await git(target, ...identity, "commit", "--quiet", "--no-verify", "--message=tracked files");
  await pnpm(target, ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only"]);
}
