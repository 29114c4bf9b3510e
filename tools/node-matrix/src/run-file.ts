import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ROOT } from "./paths.ts";
import type { Runtime } from "./runtimes.ts";
import { countTests, type Counts } from "./tally.ts";

/** How one test file ended on a runtime. */
export interface FileVerdict extends Counts {
  readonly ok: boolean;
  /** Its process was ended at the limit: a test that never ends, or something left open that keeps the process. */
  readonly hung: boolean;
  readonly seconds: number;
  readonly output: string;
}

export interface FileRun {
  readonly runtime: Runtime;
  readonly executable: string;
  /** The file to run: compiled for Node, the source for Bun. */
  readonly path: string;
  readonly limitMs: number;
  readonly env: Readonly<Record<string, string>>;
  /** Gets the output as it comes. */
  readonly onOutput?: (text: string) => void;
}

const running = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const child of running) endGroup(child);
    process.exit(128 + (signal === "SIGINT" ? 2 : 15));
  });
}

/**
 * Runs one test file in a process of its own, and ends it with all its children at the limit: a failed test may leave
 * a thread or a socket behind, which keeps Node's test process alive for ever.
 */
export async function runFile({
  runtime,
  executable,
  path,
  limitMs,
  env,
  onOutput,
}: FileRun): Promise<FileVerdict> {
  const bun = runtime.version === undefined;
  const args = bun
    ? ["test", "--conditions=@udp-relay/source", `--timeout=${limitMs}`, path]
    : ["--enable-source-maps", "--test-reporter=tap", path];
  const begun = performance.now();
  const child = spawn(executable, args, {
    cwd: fileURLToPath(ROOT),
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, which can be ended as a whole.
    detached: process.platform !== "win32",
  });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onOutput?.(text);
    });
  }
  const limit = { passed: false };
  const timer = setTimeout(() => {
    limit.passed = true;
    endGroup(child);
  }, limitMs);
  // What the process started and left behind goes with it: it would hold the output open.
  child.once("exit", () => {
    endGroup(child);
  });
  const status = await new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      output += `\n${error.message}\n`;
      resolve(null);
    });
    child.once("close", resolve);
  });
  clearTimeout(timer);
  running.delete(child);
  const counts = countTests(output, bun);
  const { passed, skipped, failed } = counts;
  const ok = status === 0 && failed === 0 && passed + skipped > 0;
  return { ok, hung: limit.passed, ...counts, seconds: (performance.now() - begun) / 1_000, output };
}

/** Ends the process with whatever it started. */
function endGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill("SIGKILL");
    else process.kill(-pid, "SIGKILL");
  } catch {
    // ESRCH: nobody is left.
  }
}
