import { execFileSync } from "node:child_process";
import { cpus, loadavg, release, totalmem, type } from "node:os";
import { versionOf } from "./native.ts";

/** Where and with what the figures were taken. */
export interface Machine {
  readonly cpu: string;
  readonly cpuCount: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** One-minute load average before the run: above 0 something else was running too. */
  readonly load: number;
  readonly versions: Readonly<Record<string, string>>;
  /** Commit of the sources, with "+" when the work tree differs from it. */
  readonly commit: string | undefined;
}

export function describeMachine(): Machine {
  const versions: Record<string, string> = { node: process.version, v8: process.versions.v8 };
  for (const tool of ["bun", "rustc", "gcc"]) {
    const version = versionOf(tool);
    if (version !== undefined) versions[tool] = /\d+\.\d+\.\d+/.exec(version)?.[0] ?? version;
  }
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cpuCount: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${process.arch}`,
    load: loadavg()[0] ?? 0,
    versions,
    commit: commitOf(),
  };
}

function commitOf(): string | undefined {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, {
        cwd: import.meta.dirname,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    const dirty = git("status", "--porcelain", "--untracked-files=no").trim() !== "";
    return git("rev-parse", "--short", "HEAD").trim() + (dirty ? "+" : "");
  } catch {
    return undefined;
  }
}
