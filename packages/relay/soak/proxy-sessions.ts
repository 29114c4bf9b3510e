// npm run example packages/relay/soak/proxy-sessions.ts [-- --sessions N]: so many clients with a session each, all
// answered over and over, and what a session weighs in the proxy's process. Linux only; ends by itself.
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

interface Weighed {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly report: ProxyReport;
}

const { values } = parseArgs({ options: { sessions: { type: "string" } } });
const sessions = Number(values.sessions ?? 10_000);
if (!Number.isInteger(sessions) || sessions < 1 || sessions > 12_000)
  throw new Error(
    "--sessions is an integer from 1 to 12000: each takes two of the machine's ephemeral ports",
  );

// The backend, and the clients: one epoll set drives both.
const backend = await LinuxTransport.open({ host: "127.0.0.1", port: 0, blocking: true });
using sockets = await ConnectedSockets.open({ transport: backend });
backend.onBatch = (batch) => {
  for (let i = 0; i < batch.count; i++) backend.send(batch.bytes(i), batch.endpoint(i));
};
const child = fork(
  fileURLToPath(new URL("proxied.ts", import.meta.url)),
  [`127.0.0.1:${backend.localEndpoint.port}`, `${sessions + WARM}`],
  { execArgv: [...process.execArgv, "--expose-gc"] },
);
const { port, kind } = (await answer(child)) as { port: number; kind: string };
const proxy = parseEndpoint(`127.0.0.1:${port}`);

let answered = 0;
let wrong = 0;
const clients: { send(bytes: Uint8Array): unknown }[] = [];
const open = (count: number): void => {
  for (let n = 0; n < count; n++) {
    const index = clients.length;
    const events = {
      onDatagram: (bytes: Uint8Array) => {
        answered += 1;
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        if (bytes.length !== 128 || view.getUint32(0) !== index) wrong += 1;
      },
      onError: () => undefined,
    };
    clients.push(sockets.connect(proxy, events));
  }
};
const startMs = performance.now();
/** Sends one datagram of each, never more under way than the window. */
async function round(from: number): Promise<void> {
  const before = answered;
  let sent = 0;
  while (answered - before < clients.length - from) {
    if (performance.now() - startMs > LIMIT_MS) throw new Error(`answered ${answered - before} of ${sent}`);
    for (; from + sent < clients.length && sent - (answered - before) < WINDOW; sent++) {
      const bytes = new Uint8Array(128);
      new DataView(bytes.buffer).setUint32(0, from + sent);
      clients[from + sent]!.send(bytes);
    }
    sockets.turn(1);
    if (sent % 1_024 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

open(WARM);
for (let n = 0; n < ROUNDS; n++) await round(0);
const light = await weigh(child);
open(sessions);
await round(WARM);
for (let n = 0; n < ROUNDS; n++) await round(0);
const heavy = await weigh(child);
child.disconnect();
await backend.close();

const each = (key: "residentBytes" | "heapBytes"): number => Math.round((heavy[key] - light[key]) / sessions);
const { report } = heavy;
const lost = report.transport.receivedDatagrams - answered;
console.log(`${kind}; ${report.sessions} sessions, ${answered} answers, ${lost} lost, ${wrong} wrong`);
console.log(
  `a session: ${each("residentBytes")} bytes resident, ${each("heapBytes")} of them V8's heap and external`,
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
