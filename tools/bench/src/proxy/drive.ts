import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { report } from "../measure.ts";
import type { ProxyLoad } from "./suite.ts";

/**
 * Arguments: LOAD (JSON) PROXY ARGUMENTS…, where $PORT and $BACKEND stand for the ports: starts the proxy, puts the load
 * on it and prints datagrams, both ways, a CPU-second of the proxy.
 */
interface LoadReport {
  readonly sent: number;
  readonly echoed: number;
  readonly received: number;
  readonly answered: number;
  readonly wrong: number;
  readonly cpuSeconds: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

const BYTES = 128;
const READY_TIMEOUT_MS = 10_000;
const PAGE_BYTES = 4_096;

const [loadText = "{}", proxy = "", ...proxyArguments] = process.argv.slice(2);
const load = JSON.parse(loadText) as ProxyLoad & { readonly program: string };
// Below the range that the kernel hands out by itself.
const port = 20_000 + (process.pid % 1_000) * 2;
const places: Readonly<Record<string, string>> = { $PORT: String(port), $BACKEND: String(port + 1) };

const child = spawn(
  proxy,
  proxyArguments.map((word) => word.replace(/\$PORT|\$BACKEND/, (place) => places[place]!)),
  { stdio: ["ignore", "pipe", "pipe"] },
);
try {
  const pid = (await ready(child.stdout, child.stderr)) ?? child.pid!;
  const emptyBytes = residentBytes(pid);
  const measured = await runLoad(pid);
  const { answered, echoed, received, wrong, cpuSeconds, sent } = measured;
  if (received === 0 || cpuSeconds === 0) throw new Error(`nothing came back: ${JSON.stringify(measured)}`);
  if (wrong > 0) throw new Error(`${wrong} replies went to another client, or were changed`);
  report((echoed + received) / cpuSeconds, {
    ...measured,
    lossPerMille: (1_000 * (sent - answered)) / sent,
    bytesPerSession: (residentBytes(pid) - emptyBytes) / load.sessions,
  });
} finally {
  child.kill("SIGTERM");
  setTimeout(() => child.kill("SIGKILL"), 1_000).unref();
}

/** Resolves to the process that does the work, if it is another one. */
async function ready(stdout: Readable, stderr: Readable): Promise<number | undefined> {
  let words = "";
  const said = (stream: Readable): Promise<number | undefined> =>
    new Promise((resolve) => {
      stream.setEncoding("utf8").on("data", (text: string) => {
        words = (words + text).slice(-10_000);
        const found = /ready(?: (\d+))?/.exec(words);
        if (found !== null) resolve(found[1] === undefined ? undefined : Number(found[1]));
      });
    });
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  const ended = once(child, "exit", { signal }).then(
    () => Promise.reject(new Error(`the proxy ended: ${words}`)),
    () => Promise.reject(new Error(`the proxy is not ready: ${words}`)),
  );
  return Promise.race([said(stdout), said(stderr), ended]);
}

async function runLoad(pid: number): Promise<LoadReport> {
  const { sessions, packetsPerSecond, seconds, warmUpSeconds } = load;
  const words = [port, port + 1, sessions, BYTES, packetsPerSecond, seconds, pid, warmUpSeconds].map(String);
  const program = spawn(load.program, words, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  program.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(program, "close")) as [number | null];
  if (code !== 0) throw new Error(`the load ended with code ${code}`);
  return JSON.parse(output) as LoadReport;
}

function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
}
