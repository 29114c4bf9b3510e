import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";

/** Longest that a program may take, whatever it was asked for. */
const LIMIT_MS = 30_000;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs beside the test. */
export interface Running {
  /** What it has written to stderr so far. */
  readonly stderr: () => string;
  /** Sends the signal, SIGTERM by default; SIGKILL follows if it does not end. */
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

/** A reason why a case cannot run here. */
export class Skipped extends Error {}

/** @throws Skipped naming the first of these that is not installed */
export function needs(...programs: readonly string[]): void {
  const absent = programs.find((program) => spawnSync("which", [program]).status !== 0);
  if (absent !== undefined) throw new Skipped(`${absent} is not installed`);
}

/** What must hold. */
export function expect(holds: boolean, words: string): void {
  if (!holds) throw new Error(words);
}

export async function run(command: string, args: readonly string[]): Promise<Finished> {
  const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"] });
  const end = finished(child);
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const result = await end;
  clearTimeout(timer);
  return result;
}

/** As `run`, and what ends badly is an error with its last words. */
export async function mustRun(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args);
  const words = `${command} ${args.join(" ")} ended with ${code}: ${(stderr + stdout).trim().slice(-500)}`;
  expect(code === 0, words);
  return stdout;
}

export function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(command, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let stderr = "";
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  const end = finished(child);
  const limit = setTimeout(() => child.kill("SIGKILL"), 3 * LIMIT_MS);
  return {
    stderr: () => stderr,
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      const result = await end;
      clearTimeout(timer);
      clearTimeout(limit);
      return result;
    },
  };
}

export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + LIMIT_MS / 2; !(await isSo());) {
    expect(performance.now() < endMs, `${what}: not so within ${LIMIT_MS / 2_000} s`);
    await pause(50);
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An even UDP port of 127.0.0.1 that is free, as is the one above it. */
export async function freePorts(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 2 * (10_000 + Math.floor(Math.random() * 6_000));
    if ((await isFree(port)) && (await isFree(port + 1))) return port;
  }
  throw new Error("no two free ports were found");
}

function isFree(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.once("error", () => {
      resolve(false);
    });
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}

function finished(child: ChildProcess): Promise<Finished> {
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
  child.stderr!.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
