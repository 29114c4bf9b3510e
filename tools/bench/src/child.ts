import { spawn } from "node:child_process";
import type { BenchCommand } from "./suite.ts";

/** What a case's process printed last. */
export interface ChildResult {
  readonly value: number;
  readonly [detail: string]: unknown;
}

const OUTPUT_LIMIT = 1 << 20;

/**
 * Runs one case once. Rejects with an Error that says what went wrong: the process could not start, ended with a
 * code or by a signal, outlived its time (it is killed by its pid), or printed no usable last line.
 */
export function runChild(
  command: BenchCommand,
  timeoutMs: number,
  env: Record<string, string>,
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, {
      env: { ...process.env, ...env, ...command.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    let errors = "";
    let timedOut = false;
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output = (output + chunk).slice(-OUTPUT_LIMIT);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      errors = (errors + chunk).slice(-OUTPUT_LIMIT);
    });
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`cannot start ${command.file}: ${error.message}`));
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const says = errors.trim().split("\n").slice(-8).join("\n");
      if (timedOut) reject(new Error(`still running after ${timeoutMs} ms\n${says}`));
      else if (code !== 0) reject(new Error(`ended with ${signal ?? `code ${code}`}\n${says}`));
      else {
        try {
          resolve(parseLastLine(output));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      }
    });
  });
}

/** The last non-empty line as JSON with a finite `value`; throws an Error otherwise. */
export function parseLastLine(output: string): ChildResult {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new Error(`the last line is not JSON: ${line.slice(0, 200)}`);
  }
  if (
    typeof parsed !== "object" ||
    parsed === null ||
    !("value" in parsed) ||
    !Number.isFinite(parsed.value)
  ) {
    throw new Error(`the last line has no finite "value": ${line.slice(0, 200)}`);
  }
  return parsed as ChildResult;
}
