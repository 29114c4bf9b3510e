// npm run example packages/relay/soak/proxy-sessions.ts [-- --sessions N --workers N]: so many clients with a session
// each, all answered over and over, and what a session weighs in the proxy's process: one whose main thread proxies, or
// worker threads do. Linux only; ends by itself.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseEndpoint } from "@udp-relay/address-validation";
import { ConnectedSockets, LinuxTransport } from "@udp-relay/adapters/linux";
import type { ProxyReport } from "@udp-relay/relay";

/** Datagrams that are under way at once: a receive buffer holds as many. */
const WINDOW = 64;
const ROUNDS = 5;
/** Sessions that are opened before the first look: the code is warm then, and its first buffers are there. */
const WARM = 1_000;
const LIMIT_MS = 90_000;
/** Nothing came for so long: what was sent is refused (a newcomer while another thread joins), and sent once more. */
const SILENCE_MS = 200;

interface Weighed {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly report: ProxyReport;
}

const { values } = parseArgs({ options: { sessions: { type: "string" }, workers: { type: "string" } } });
const sessions = Number(values.sessions ?? 10_000);
const workers = Number(values.workers ?? 0);
if (!Number.isInteger(sessions) || sessions < 1 || sessions > 12_000)
  throw new Error(
    "--sessions is an integer from 1 to 12000: each takes two of the machine's ephemeral ports",
  );
if (!Number.isInteger(workers) || workers < 0 || workers > 64)
  throw new Error("--workers is an integer from 0 to 64");

// The backend, and the clients: one epoll set drives both.
const backend = await LinuxTransport.open({ host: "127.0.0.1", port: 0, blocking: true });
using sockets = await ConnectedSockets.open({ transport: backend });
backend.onBatch = (batch) => {
  for (let i = 0; i < batch.count; i++) backend.send(batch.bytes(i), batch.endpoint(i));
};
const child = fork(
  fileURLToPath(new URL("proxied.ts", import.meta.url)),
  [`127.0.0.1:${backend.localEndpoint.port}`, `${sessions + WARM}`, `${workers}`],
  { execArgv: [...process.execArgv, "--expose-gc"] },
);
const { port, kind } = (await answer(child)) as { port: number; kind: string };
const proxy = parseEndpoint(`127.0.0.1:${port}`);

let answered = 0;
let wrong = 0;
let heardMs = 0;
/** Clients whose datagram of this round is not answered yet. */
const waiting = new Set<number>();
const clients: { send(bytes: Uint8Array): unknown }[] = [];
const open = (count: number): void => {
  for (let n = 0; n < count; n++) {
    const index = clients.length;
    const events = {
      onDatagram: (bytes: Uint8Array) => {
        answered += 1;
        heardMs = performance.now();
        waiting.delete(index);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        if (bytes.length !== 128 || view.getUint32(0) !== index) wrong += 1;
      },
      onError: () => undefined,
    };
    clients.push(sockets.connect(proxy, events));
  }
};
const startMs = performance.now();
/** Sends one datagram of each from the first on, never more under way than the window. */
async function round(first: number): Promise<void> {
  let next = first;
  heardMs = performance.now();
  for (let turns = 0; next < clients.length || waiting.size > 0; turns++) {
    if (performance.now() - startMs > LIMIT_MS) throw new Error(`${waiting.size} of ${next} not answered`);
    for (; next < clients.length && waiting.size < WINDOW; next++) ask(next);
    if (performance.now() - heardMs > SILENCE_MS) for (const index of waiting) ask(index);
    sockets.turn(1);
    if (turns % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

function ask(index: number): void {
  const bytes = new Uint8Array(128);
  new DataView(bytes.buffer).setUint32(0, index);
  clients[index]!.send(bytes);
  waiting.add(index);
  heardMs = performance.now();
}

/** Answers that are still under way. */
function settle(): void {
  for (const untilMs = performance.now() + SILENCE_MS; performance.now() < untilMs;) sockets.turn(10);
}

open(WARM);
for (let n = 0; n < ROUNDS; n++) await round(0);
const light = await weigh(child);
open(sessions);
await round(WARM);
for (let n = 0; n < ROUNDS; n++) await round(0);
settle();
const heavy = await weigh(child);
child.disconnect();
await backend.close();

const each = (key: "residentBytes" | "heapBytes"): number => Math.round((heavy[key] - light[key]) / sessions);
const { report } = heavy;
const lost = report.transport.receivedDatagrams - report.drops.tableBusy - answered;
console.log(`${kind}; ${report.sessions} sessions, ${answered} answers, ${lost} lost, ${wrong} wrong`);
console.log(
  `a session: ${each("residentBytes")} bytes resident` +
    (workers === 0 ? `, ${each("heapBytes")} of them V8's heap and external` : ""),
);
const isWell = lost === 0 && wrong === 0 && report.sessions === sessions + WARM;
process.exitCode = isWell ? 0 : 1;

function answer(from: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => from.once("message", resolve));
}

function weigh(from: ChildProcess): Promise<Weighed> {
  from.send("weigh");
  return answer(from) as Promise<Weighed>;
}
