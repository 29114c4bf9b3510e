import { fileURLToPath } from "node:url";
import { buildC, buildRust, cSkip, missing, rustSkip } from "./native.ts";
import type { BenchCase } from "./suite.ts";

/** What the shorthands below share. */
export interface CaseOptions {
  readonly args?: readonly string[];
  /** Options for the runtime, before the program, such as `--expose-gc`. */
  readonly runtimeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

const SOURCE_CONDITION = "--conditions=@udp-relay/source";

/** A TypeScript program beside the suite, run from source by this very Node: `new URL("./x.ts", import.meta.url)`. */
export function nodeCase(name: string, program: URL, options: CaseOptions = {}): BenchCase {
  const { args = [], runtimeArgs = [], env, timeoutMs } = options;
  const command = [SOURCE_CONDITION, ...runtimeArgs, fileURLToPath(program), ...args];
  return {
    name,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    command: () => ({ file: process.execPath, args: command, ...(env === undefined ? {} : { env }) }),
  };
}

/** The same program run by Bun; skipped where Bun is missing. */
export function bunCase(name: string, program: URL, options: CaseOptions = {}): BenchCase {
  const onNode = nodeCase(name, program, options);
  return {
    name,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    skip: () => missing("bun"),
    command: (quick) => ({ ...onNode.command(quick), file: "bun" }),
  };
}

/** The program of `tools/bench/rust/<crate>`; skipped where it cannot be built. */
export function rustCase(name: string, crate: string, options: CaseOptions = {}): BenchCase {
  const { args = [], env, timeoutMs } = options;
  return {
    name,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    skip: () => rustSkip(crate),
    command: () => ({ ...buildRust(crate), args, ...(env === undefined ? {} : { env }) }),
  };
}

/** The program of `tools/bench/c/<program>.c`; skipped where it cannot be built. */
export function cCase(name: string, program: string, options: CaseOptions = {}): BenchCase {
  const { args = [], env, timeoutMs } = options;
  return {
    name,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    skip: () => cSkip(program),
    command: () => ({ ...buildC(program), args, ...(env === undefined ? {} : { env }) }),
  };
}
