import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { stopBlocking } from "../src/transport/linux.ts";
import { openFloodingPeer } from "./linux/flooding-peer.ts";
import { linuxHere, openLinux } from "./linux/linux-adapter.ts";
import { startBlockingWorker } from "./linux/start-worker.ts";

/** What termination, exit, stop and close may take. */
const LIMIT_MS = 300;
/** A busy machine may hold up anything once; what our loop holds up, it holds up every time. */
const ATTEMPTS = 3;
/** Starting threads and processes takes what it takes. */
const START_TIMEOUT_MS = 120_000;
const CLOSE = 255;
/** The long form ends every mode in every way, idle and under load. */
const LONG = process.env.UDP_RELAY_LONG === "1";

/** The quickest of up to three attempts; one within the limit is enough. */
async function quickest(attempt: () => Promise<number>): Promise<number> {
  let best = Infinity;
  for (let n = 0; n < ATTEMPTS && best > LIMIT_MS; n++) best = Math.min(best, await attempt());
  return best;
}

type Mode = "blocking" | "event loop";
type Way = "stop" | "close" | "terminate";

/** Milliseconds from asking a transport's thread to end to its end. */
async function endThread(mode: Mode, way: Way, load: boolean): Promise<number> {
  const eventLoop = mode === "event loop";
  const { worker, handle, port, ended } = await startBlockingWorker({
    options: {},
    eventLoop,
    closeAt: CLOSE,
  });
  const exited = once(worker, "exit");
  const peer = await openFloodingPeer(port);
  const stopLoad = load ? peer.flood() : () => undefined;
  await new Promise((resolve) => setTimeout(resolve, 50));
  const begun = performance.now();
  if (way === "stop") stopBlocking(handle);
  else if (way === "terminate") void worker.terminate();
  else {
    // Again and again: a full receive buffer may drop one.
    const asking = setInterval(() => {
      peer.send(Uint8Array.of(CLOSE));
    }, 5);
    void exited.then(() => {
      clearInterval(asking);
    });
  }
  await exited;
  const took = way === "close" ? (await ended).closeMs : performance.now() - begun;
  stopLoad();
  await peer.close();
  return took;
}

/** Milliseconds that `process.exit()` takes beside such a thread. */
async function endProcess(mode: Mode | "nothing", load: boolean): Promise<number> {
  const extension = extname(import.meta.url);
  const program = fileURLToPath(new URL(`./linux/exit-beside${extension}`, import.meta.url));
  const options = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
  const child = spawn(process.execPath, [...options, program, mode], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit") as Promise<[number]>;
  const [port] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  const peer = await openFloodingPeer(Number(port));
  const stopLoad = load ? peer.flood() : () => undefined;
  await new Promise((resolve) => setTimeout(resolve, 50));
  let exiting = NaN;
  child.stdout.once("data", () => (exiting = performance.now()));
  // EPIPE, if the child has ended otherwise: its code tells.
  child.stdin.on("error", () => undefined);
  child.stdin.write("exit\n");
  const [code] = await exited;
  const took = performance.now() - exiting;
  expect(code).toBe(7);
  stopLoad();
  await peer.close();
  return took;
}

const WAYS: readonly (readonly [Mode, Way, load: boolean])[] = [
  ["blocking", "stop", false],
  ["blocking", "stop", true],
  ["blocking", "close", true],
  ["blocking", "terminate", false],
  ["blocking", "terminate", true],
  ["event loop", "terminate", true],
  ...(LONG
    ? ([
        ["blocking", "close", false],
        ["event loop", "terminate", false],
        ["event loop", "close", false],
        ["event loop", "close", true],
      ] as const)
    : []),
];

describe.skipIf(!linuxHere)("a transport's thread ends at once", () => {
  for (const [mode, way, load] of WAYS) {
    const name = `${mode}, ${way}, ${load ? "under load" : "idle"}`;
    it(
      name,
      async () => {
        const took = await quickest(() => endThread(mode, way, load));
        console.log(`${name}: ended after ${took.toFixed(0)} ms`);
        expect(took).toBeLessThanOrEqual(LIMIT_MS);
      },
      START_TIMEOUT_MS,
    );
  }
});

// Beside a process whose thread has no transport, should it take longer than the limit by itself.
describe.skipIf(!linuxHere)("a transport's thread holds up no process.exit()", () => {
  for (const [mode, load] of [
    ["blocking", false],
    ["blocking", true],
    ["event loop", true],
    ...(LONG ? ([["event loop", false]] as const) : []),
  ] as const) {
    const name = `${mode}, ${load ? "under load" : "idle"}`;
    it(
      name,
      async () => {
        const more = await quickest(async () => {
          const took = await endProcess(mode, load);
          const alone = LONG || took > LIMIT_MS ? await endProcess("nothing", false) : 0;
          console.log(`${name}: process.exit() took ${took.toFixed(0)} ms, without ${alone.toFixed(0)}`);
          return took - alone;
        });
        expect(more).toBeLessThanOrEqual(LIMIT_MS);
      },
      START_TIMEOUT_MS,
    );
  }
});

describe.skipIf(!linuxHere)("close() on the event loop", () => {
  it("takes no time and leaves no descriptor, idle and under load", async () => {
    for (const load of [false, true]) {
      const transport = await openLinux();
      const peer = await openFloodingPeer(transport.localEndpoint.port);
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) transport.forward(batch, i, batch.endpoint(i));
      };
      const stopLoad = load ? peer.flood() : () => undefined;
      await new Promise((resolve) => setTimeout(resolve, 50));
      const begun = performance.now();
      await transport.close();
      expect(performance.now() - begun).toBeLessThanOrEqual(LIMIT_MS);
      stopLoad();
      await peer.close();
      // The port is free again: nothing has the socket open.
      await using next = await openLinux({ port: transport.localEndpoint.port });
      expect(next.localEndpoint.port).toBe(transport.localEndpoint.port);
    }
  });
});
