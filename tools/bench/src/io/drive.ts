import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { once } from "node:events";
import { report } from "../measure.ts";
import { SMALLEST_PORT, type Load } from "./load.ts";

/**
 * Arguments: LOAD (JSON, load.ts) RELAY ARGUMENTS…: starts the relay, puts the load on it and prints its datagrams a
 * CPU-second, with everything else that was seen.
 */
interface LoadReport {
  readonly sent: number;
  readonly received: number;
  readonly refusedSends: number;
  readonly cpuSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

const BYTES = 128;
const READY_TIMEOUT_MS = 10_000;

const [loadText = "{}", relay = "", ...relayArguments] = process.argv.slice(2);
const load = JSON.parse(loadText) as Load;
// Ports of their own for each run, below the range that the kernel hands out by itself.
const port = SMALLEST_PORT + (process.pid % 500) * 20;
const base = port + 1;
const job = [port, base, load.sources, load.clients].map(String);

const relayProcess = spawn(relay, insertJob(relayArguments), { stdio: ["ignore", "pipe", "pipe"] });
try {
  await ready(relayProcess);
  const measured = await runLoad();
  const { sent, received, cpuSeconds, userSeconds, systemSeconds } = measured;
  if (cpuSeconds === 0 || received === 0) throw new Error(`nothing was relayed: ${JSON.stringify(measured)}`);
  // The split by clock ticks, applied to the exact sum.
  const userShare = userSeconds / Math.max(userSeconds + systemSeconds, Number.EPSILON);
  report(received / cpuSeconds, {
    ...measured,
    lossPerMille: (1_000 * Math.max(0, sent - received)) / sent,
    cpuMicrosPerDatagram: (1e6 * cpuSeconds) / received,
    userNanosPerDatagram: (1e9 * cpuSeconds * userShare) / received,
    residentBytes: residentBytes(relayProcess.pid!),
  });
} finally {
  relayProcess.kill();
}

/** The job's four numbers, or one of them, stand where the relay's arguments say JOB or $PORT. */
function insertJob(words: readonly string[]): string[] {
  return words.flatMap((word) => (word === "JOB" ? job : [word.replace("$PORT", String(port))]));
}

/** Until the relay says so on its standard output, or in its log. */
async function ready(child: ChildProcess): Promise<void> {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  let words = "";
  const said = (stream: Readable): Promise<void> =>
    new Promise((resolve) => {
      stream.setEncoding("utf8").on("data", (text: string) => {
        words = (words + text).slice(-10_000);
        if (words.includes("ready")) resolve();
      });
    });
  const ended = once(child, "exit", { signal }).then(
    () => Promise.reject(new Error(`the relay ended: ${words}`)),
    () => Promise.reject(new Error(`the relay is not ready: ${words}`)),
  );
  await Promise.race([said(child.stdout!), said(child.stderr!), ended]);
}

async function runLoad(): Promise<LoadReport> {
  const { packetsPerSecond, seconds, burst, warmUpSeconds, tunnel, joined } = load;
  const words = [...job, BYTES, packetsPerSecond, seconds, relayProcess.pid!, burst, warmUpSeconds].map(
    String,
  );
  const manner = tunnel ? ["tunnel"] : joined ? ["joined"] : [];
  const child = spawn(load.program, [...words, ...manner], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the load ended with code ${code}`);
  return JSON.parse(output) as LoadReport;
}

/** The process's resident set, from /proc/PID/statm (pages of 4 KiB). */
function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
}
