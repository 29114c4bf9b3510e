import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BenchCommand } from "./suite.ts";

const rustFolder = fileURLToPath(new URL("../rust/", import.meta.url));
const cFolder = fileURLToPath(new URL("../c/", import.meta.url));
const built = new Map<string, BenchCommand | Error>();
const versions = new Map<string, string | undefined>();

/** First line of `tool --version`, or undefined where the tool is missing. */
export function versionOf(tool: string, flag = "--version"): string | undefined {
  const key = `${tool} ${flag}`;
  if (!versions.has(key)) {
    let version: string | undefined;
    try {
      // nginx and some others print their version on standard error.
      const command = `${shellQuote(tool)} ${shellQuote(flag)} 2>&1`;
      version = execFileSync("/bin/sh", ["-c", command], { encoding: "utf8" }).split("\n")[0];
    } catch {
      version = undefined;
    }
    versions.set(key, version);
  }
  return versions.get(key);
}

/** Reason to skip a case that needs `tool`; undefined where it is installed. */
export function missing(tool: string, flag = "--version"): string | undefined {
  return versionOf(tool, flag) === undefined ? `${tool} is not installed` : undefined;
}

/** Reason to skip a Rust case: no cargo, or a build that failed (without network, say, and an empty cargo cache). */
export function rustSkip(crate: string): string | undefined {
  return missing("cargo") ?? skipUnbuilt(() => buildRust(crate));
}

/** Reason to skip a C case. */
export function cSkip(program: string): string | undefined {
  return missing("gcc") ?? skipUnbuilt(() => buildC(program));
}

/**
 * The program of the crate `tools/bench/rust/<crate>`, compiled once a run with `--release` into
 * `tools/bench/rust/target` (ignored by git). Throws an Error with the compiler's words.
 */
export function buildRust(crate: string): BenchCommand {
  return buildOnce(`rust ${crate}`, () => {
    const manifest = `${rustFolder}${crate}/Cargo.toml`;
    const target = `${rustFolder}target`;
    run("cargo", ["build", "--release", "--quiet", "--manifest-path", manifest, "--target-dir", target]);
    return { file: `${target}/release/${crate}`, args: [] };
  });
}

/** The program of `tools/bench/c/<program>.c`, compiled once a run into `tools/bench/c/build`. */
export function buildC(program: string, flags: readonly string[] = []): BenchCommand {
  return buildOnce(`c ${program} ${flags.join(" ")}`, () => {
    mkdirSync(`${cFolder}build`, { recursive: true });
    const file = `${cFolder}build/${program}`;
    const source = `${cFolder}${program}.c`;
    if (!existsSync(source)) throw new Error(`${source} does not exist`);
    run("gcc", ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-o", file, source, "-pthread", "-lm", ...flags]);
    return { file, args: [] };
  });
}

function skipUnbuilt(build: () => unknown): string | undefined {
  try {
    build();
    return undefined;
  } catch (error) {
    return `it does not build: ${(error as Error).message.split("\n")[0]}`;
  }
}

function buildOnce(key: string, build: () => BenchCommand): BenchCommand {
  let result = built.get(key);
  if (result === undefined) {
    try {
      result = build();
    } catch (error) {
      result = error as Error;
    }
    built.set(key, result);
  }
  if (result instanceof Error) throw result;
  return result;
}

function run(file: string, args: readonly string[]): void {
  try {
    execFileSync(file, args, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(stderr === undefined || stderr.trim() === "" ? message : stderr.trim(), { cause: error });
  }
}

function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
