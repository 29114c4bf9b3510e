import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { report } from "../measure.ts";

/**
 * Arguments: LOAD PPS SECONDS BURST RELAY ARGUMENTS…: starts the relay, puts the load on it, prints its datagrams
 * a CPU-second.
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

const SOURCES = 16;
const CLIENTS = 1_000;
const BYTES = 128;
const READY_TIMEOUT_MS = 10_000;

const [load = "", packetsPerSecond = "", seconds = "", burst = "", relay = "", ...relayArguments] =
  process.argv.slice(2);
// Ports of their own for each run, below the range that the kernel hands out by itself.
const port = 10_000 + (process.pid % 500) * 20;
const base = port + 1;
const job = [port, base, SOURCES, CLIENTS].map(String);

const relayProcess = spawn(relay, insertJob(relayArguments), { stdio: ["ignore", "pipe", "inherit"] });
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
    userNanosPerDatagram: (1e9 * cpuSeconds * userShare) / received,
  });
} finally {
  relayProcess.kill();
}

/** The job's four numbers stand where the relay's arguments say JOB. */
function insertJob(words: readonly string[]): string[] {
  return words.flatMap((word) => (word === "JOB" ? job : [word]));
}

async function ready(child: ChildProcess): Promise<void> {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  const ended = once(child, "exit", { signal }).then(() => Promise.reject(new Error("the relay ended")));
  await Promise.race([once(child.stdout!, "data", { signal }), ended]);
}

async function runLoad(): Promise<LoadReport> {
  const words = [...job, String(BYTES), packetsPerSecond, seconds, String(relayProcess.pid), burst];
  const child = spawn(load, words, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the load ended with code ${code}`);
  return JSON.parse(output) as LoadReport;
}
