import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { programEnvironment } from "./program-environment.ts";

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const program = fileURLToPath(new URL("../src/cli.ts", import.meta.url));

/** Runs the command on its real sockets; `interruptAfter` sends SIGINT once stderr shows that text. */
export function runCli(args: readonly string[], interruptAfter?: string): Promise<CliRun> {
  const child = spawn(process.execPath, ["--conditions=@udp-relay/source", program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: programEnvironment,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    if (interruptAfter !== undefined && stderr.includes(interruptAfter)) child.kill("SIGINT");
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}
