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

const names = new Map(backends.map(({ name, socket }) => [`${HOST}:${socket.address().port}`, name]));
const down = Promise.withResolvers<undefined>();

const { transport } = await openTransport({ host: HOST, port: 0 });
await using proxy = new SessionProxy({
  transport,
  backends: [...names.keys()].map((address) => ({ endpoint: parseEndpoint(address) })),
  openUpstream: connectedUpstreams,
  clock: { nowMs: () => performance.now() },
  maxSessions: 1_000,
  idleTimeoutMs: 30_000,
  probe: { payload: Buffer.from("alive?"), expect: Buffer.from("yes"), intervalMs: 200 },
  onHealth: (backend, change) => {
    console.log(`backend ${names.get(backend.name)} is ${change}`);
    if (change === "down") down.resolve(undefined);
  },
});
const ticker = setInterval(() => proxy.tick(), 20);

const answers = new Map<Socket, string>();
const clients = await Promise.all(
  Array.from({ length: 10 }, () => open((client, bytes) => answers.set(client, bytes.toString()))),
);
await ask("hello");
console.log("shares:", shares());

backends[0]!.socket.close();
await down.promise; // two probes later
await ask("hello again");
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

/** Every client says it, and waits for its answer: 2 s at most. */
async function ask(what: string): Promise<void> {
  answers.clear();
  for (const client of clients) client.send(what, transport.localEndpoint.port, HOST);
  for (let n = 0; n < 100 && answers.size < clients.length; n++)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
