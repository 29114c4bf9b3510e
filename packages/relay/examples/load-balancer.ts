/**
 * A load balancer for UDP: three backends, ten clients, and one backend that goes away while they talk.
 *
 *     npm run example packages/relay/examples/load-balancer.ts
 */
import { createSocket, type Socket } from "node:dgram";
import { parseEndpoint } from "@udp-relay/address-validation";
import { openTransport } from "@udp-relay/adapters";
import { connectedUpstreams, SessionProxy } from "@udp-relay/relay";

const HOST = "127.0.0.1";

const backends = await Promise.all(
  ["red", "green", "blue"].map(async (name) => ({
    name,
    socket: await open((socket, bytes, port) => {
      if (bytes.toString() === "alive?") socket.send("yes", port, HOST);
      else socket.send(name, port, HOST);
    }),
  })),
);

const { transport } = await openTransport({ host: HOST, port: 0 });
await using proxy = new SessionProxy({
  transport,
  backends: backends.map(({ socket }) => ({ endpoint: parseEndpoint(`${HOST}:${socket.address().port}`) })),
  openUpstream: connectedUpstreams,
  clock: { nowMs: () => performance.now() },
  maxSessions: 1_000,
  idleTimeoutMs: 30_000,
  probe: { payload: Buffer.from("alive?"), expect: Buffer.from("yes"), intervalMs: 200 },
  onHealth: (backend, change) => console.log(`backend ${nameOf(backend.name)} is ${change}`),
});
const ticker = setInterval(() => proxy.tick(), 20);

const answers = new Map<Socket, string>();
const clients = await Promise.all(
  Array.from({ length: 10 }, () => open((client, bytes) => answers.set(client, bytes.toString()))),
);
for (const client of clients) client.send("hello", transport.localEndpoint.port, HOST);
await sleep(300);
console.log("shares:", shares());

backends[0]!.socket.close();
await sleep(700);
answers.clear();
for (const client of clients) client.send("hello again", transport.localEndpoint.port, HOST);
await sleep(300);
console.log("shares without red:", shares());
console.log(`answered: ${answers.size} of ${clients.length}, moved: ${proxy.counts.moved}`);

clearInterval(ticker);
for (const socket of [...clients, ...backends.slice(1).map((backend) => backend.socket)]) socket.close();

async function open(onMessage: (socket: Socket, bytes: Buffer, port: number) => void): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port }) => onMessage(socket, bytes, port));
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  return socket;
}

function shares(): string {
  const counts = backends.map(
    ({ name }) => `${name} ${[...answers.values()].filter((answer) => answer === name).length}`,
  );
  return counts.join(", ");
}

function nameOf(endpoint: string): string {
  return proxy.report().backends.findIndex(({ name }) => name === endpoint) === 0 ? "red" : "green or blue";
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
