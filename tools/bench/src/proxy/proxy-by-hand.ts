import { createSocket, type Socket } from "node:dgram";

// Arguments: PORT BACKEND_PORT. A session proxy as one writes it by hand over node:dgram: a Map by "address:port", a
// connected socket a session, no dns.lookup, sessions swept by a timer. No limits, no health, no statistics.
interface Session {
  readonly upstream: Socket;
  seenMs: number;
  waiting: Buffer[] | undefined;
}

const TIMEOUT_MS = 60_000;
const [port = 0, backendPort = 0] = process.argv.slice(2).map(Number);
const sessions = new Map<string, Session>();
const literal = (
  address: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void => {
  callback(null, address, 4);
};
const socket = createSocket({
  type: "udp4",
  recvBufferSize: 4 << 20,
  sendBufferSize: 4 << 20,
  lookup: literal,
});

socket.on("message", (bytes, { address, port: from }) => {
  const key = `${address}:${from}`;
  let session = sessions.get(key);
  if (session === undefined) {
    const upstream = createSocket({ type: "udp4", lookup: literal });
    const opened: Session = { upstream, seenMs: 0, waiting: [] };
    session = opened;
    sessions.set(key, opened);
    upstream.on("message", (reply) => {
      socket.send(reply, from, address);
    });
    upstream.connect(backendPort, "127.0.0.1", () => {
      for (const early of opened.waiting ?? []) upstream.send(early);
      opened.waiting = undefined;
    });
  }
  session.seenMs = Date.now();
  if (session.waiting === undefined) session.upstream.send(bytes);
  else session.waiting.push(bytes);
});

setInterval(() => {
  const now = Date.now();
  for (const [key, { seenMs, upstream }] of sessions) {
    if (now - seenMs < TIMEOUT_MS) continue;
    upstream.close();
    sessions.delete(key);
  }
}, 1_000).unref();

socket.bind(port, "127.0.0.1", () => {
  console.log("ready");
});
