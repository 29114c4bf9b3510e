import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface RunResult {
  /** It ended by itself, in time, with status 0. */
  readonly ok: boolean;
  readonly stdout: string;
  /** Everything it wrote, and why it was ended if it was. */
  readonly output: string;
}

/** Runs a program to its end without a shell (npm and npx excepted on Windows, where they are scripts). */
export function runCommand(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const script = process.platform === "win32" && (file === "npm" || file === "npx");
  const child = spawn(script ? `${file}.cmd` : file, args, {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", NODE_OPTIONS: "", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    shell: script,
  });
  const stdout: string[] = [];
  const output: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout.push(text);
    output.push(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.push(text);
  });
  return new Promise((resolve) => {
    const end = (ok: boolean, note?: string): void => {
      clearTimeout(limit);
      if (note !== undefined) output.push(`${note}\n`);
      resolve({ ok, stdout: stdout.join(""), output: output.join("") });
    };
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      end(false, `${file} did not end within ${options.timeoutMs / 1_000} s`);
    }, options.timeoutMs);
    child.on("error", (error) => end(false, `cannot start ${file}: ${error.message}`));
    child.on("close", (code, signal) =>
      end(code === 0, code === 0 ? undefined : `${file} ended with ${signal ?? `status ${code}`}`),
    );
  });
}

/** The same for a step without which nothing after it means anything. */
export async function mustRun(
  file: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const result = await runCommand(file, args, options);
  if (!result.ok) throw new Error(`${file} ${args.join(" ")}\n${result.output}`);
  return result;
}
