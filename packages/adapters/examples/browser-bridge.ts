/**
 * A room where browsers and UDP clients meet: what one sends, all others get, whichever way each of them came.
 *
 *     npm run example:bridge                      a WebSocket client and a UDP client, simulated; ends by itself
 *     npm run example:bridge -- --serve           the page on http://127.0.0.1:9001 beside a UDP player, until Ctrl-C
 *     npm run example:bridge -- --serve --port 80 --udp 5000 --host 0.0.0.0 --policy public-only
 *
 * Both commands fetch uWebSockets.js, which is on no registry under its own name, and the Node 20 that it runs on. In a
 * program of yours: `import uWS from "uWebSockets.js"` and `app: uWS.App()`.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AddressPolicy } from "@udp-relay/address-validation";
import { openTransport, RelayEndpoint } from "@udp-relay/adapters";
import { joinTransports, UWebSocketsTransport, type UWebSocketApp } from "@udp-relay/adapters/uwebsockets";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";

/** uWebSockets.js, and the client of `ws` that comes with it, as far as they are used here. */
interface UWebSockets {
  App(): UWebSocketApp & {
    get(path: string, handler: (response: HttpResponse) => void): unknown;
    listen(host: string, port: number, callback: (listening: unknown) => void): unknown;
  };
  us_socket_local_port(listening: unknown): number;
  us_listen_socket_close(listening: unknown): void;
}
interface HttpResponse {
  writeHeader(name: string, value: string): HttpResponse;
  end(body: string): unknown;
}
interface WebSocketClient {
  on(event: "open" | "close" | "error", listener: () => void): void;
  on(event: "message", listener: (bytes: Buffer) => void): void;
  send(bytes: Uint8Array): void;
  terminate(): void;
}

const { values } = parseArgs({
  options: {
    serve: { type: "boolean", default: false },
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string" },
    udp: { type: "string" },
    policy: { type: "string", default: "loopback" },
  },
});
const { host } = values;
const DATAGRAM_BYTES = 12;
const MOVES = 100;

const require = createRequire(join(process.env.UDP_RELAY_UWS ?? process.cwd(), "package.json"));
const { platform, arch, versions } = process;
const uws = require(
  process.env.UDP_RELAY_UWS === undefined
    ? "uWebSockets.js"
    : `@trufflesuite/uws-js-unofficial/binaries/uws_${platform}_${arch}_${versions.modules}.node`,
) as UWebSockets;

// The room. WebSockets have endpoints of their own, in fd75:6470::/31; `admit` judges where they really come from.
const onLoopback = values.policy === "loopback" ? ["127.0.0.0/8"] : [];
const people = AddressPolicy.preset("public-only", { allow: onLoopback });
const app = uws.App();
const websockets = UWebSocketsTransport.open({
  app,
  pattern: "/udp",
  admit: (remote) => people.judge(remote) === 0,
});
const { transport: udp } = await openTransport({
  host,
  port: Number(values.udp ?? (values.serve ? 9_002 : 0)),
});
using clock = new CoarseClock();
clock.startTicker({ intervalMs: 5 });
using clients = TunnelClientTable.create({ capacity: 100, timeoutMs: 30_000, clock });
const room = new RelayEndpoint({
  transport: joinTransports(udp, websockets),
  clients,
  clock,
  policy: AddressPolicy.preset("public-only", { allow: ["fd75:6470::/31", ...onLoopback] }),
  minimumBytes: DATAGRAM_BYTES,
  onDatagram: (datagram, relay) => {
    if (datagram.length !== DATAGRAM_BYTES) return;
    clients.forEach((other) => {
      if (other !== datagram.from) relay.forward(datagram, other);
    });
  },
});

const page = readFileSync(new URL("browser-bridge.html", import.meta.url), "utf8");
app.get("/", (response) => response.writeHeader("Content-Type", "text/html; charset=utf-8").end(page));
const listening = await new Promise<unknown>((resolve) => {
  app.listen(host, Number(values.port ?? (values.serve ? 9_001 : 0)), resolve);
});
if (listening === false) throw new Error(`port ${values.port ?? 9_001} is in use`);
const port = uws.us_socket_local_port(listening);
console.log(`open http://${host}:${port}; UDP clients send to ${host}:${udp.localEndpoint.port}`);

const player = createSocket("udp4");
player.connect(udp.localEndpoint.port, "127.0.0.1");
await once(player, "connect");

if (values.serve) await circle(player);
else await meet(player);

player.close();
uws.us_listen_socket_close(listening);
await room.close();
const { handled, forwarded, transport } = room.stats();
console.log(
  `the room handled ${handled} datagrams and passed on ${forwarded}, drops ${JSON.stringify(transport.drops)}`,
);

/** A UDP player that goes round until Ctrl-C. */
async function circle(socket: Socket): Promise<void> {
  const startMs = performance.now();
  let sequence = 0;
  const moving = setInterval(() => {
    const angle = (performance.now() - startMs) / 1_000;
    socket.send(move(0x0dd, sequence++, 0.5 + 0.35 * Math.cos(angle), 0.5 + 0.35 * Math.sin(angle)));
  }, 33);
  let heard = 0;
  socket.on("message", (bytes) => {
    if (heard++ % 100 === 0) {
      const at = `${percent(bytes.readUInt16BE(8))}, ${percent(bytes.readUInt16BE(10))}`;
      console.log(`the UDP player sees ${bytes.readUInt32BE(0)} at ${at} (${heard} datagrams heard)`);
    }
  });
  await once(process, "SIGINT");
  clearInterval(moving);
}

/** A WebSocket client, as a browser is, and the UDP player send each other their moves. */
async function meet(socket: Socket): Promise<void> {
  const WebSocket = require("ws") as new (url: string) => WebSocketClient;
  const browser = new WebSocket(`ws://${host}:${port}/udp`);
  await new Promise<void>((resolve, reject) => {
    browser.on("open", resolve);
    browser.on("error", () => reject(new Error("the WebSocket could not connect")));
  });
  const overWebSocket: Buffer[] = [];
  const overUdp: Buffer[] = [];
  browser.on("message", (bytes) => overWebSocket.push(bytes));
  socket.on("message", (bytes) => overUdp.push(bytes));

  const sentByBrowser: Buffer[] = [];
  const sentByPlayer: Buffer[] = [];
  for (let n = 0; n < MOVES; n++) {
    sentByBrowser.push(move(1, n, n / MOVES, 0.25));
    sentByPlayer.push(move(2, n, 0.75, n / MOVES));
    browser.send(sentByBrowser[n]!);
    socket.send(sentByPlayer[n]!);
    // Nobody hears what was sent before he was there: both have sent once before the rest follows.
    if (n === 0) await until(() => clients.size === 2);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await until(() => overUdp.length >= MOVES - 1 && overWebSocket.length >= MOVES - 1);
  await new Promise<void>((resolve) => {
    browser.on("close", resolve);
    browser.terminate();
  });
  console.log(
    `UDP client: sent ${MOVES}, heard ${arrived(overUdp, sentByBrowser)} of the browser's, byte for byte`,
  );
  console.log(
    `browser: sent ${MOVES}, heard ${arrived(overWebSocket, sentByPlayer)} of the UDP client's, byte for byte`,
  );
}

/** `| player u32 | sequence u32 | x u16 | y u16 |`, big-endian; x and y from 0 to 1 here. */
function move(player: number, sequence: number, x: number, y: number): Buffer {
  const datagram = Buffer.alloc(DATAGRAM_BYTES);
  datagram.writeUInt32BE(player, 0);
  datagram.writeUInt32BE(sequence, 4);
  datagram.writeUInt16BE(Math.round(x * 65_535), 8);
  datagram.writeUInt16BE(Math.round(y * 65_535), 10);
  return datagram;
}

/** How many of what was sent have arrived as they were, each counted once. */
function arrived(heard: readonly Buffer[], sent: readonly Buffer[]): number {
  const seen = new Set(heard.map((bytes) => bytes.toString("hex")));
  return sent.filter((bytes) => seen.has(bytes.toString("hex"))).length;
}

function percent(of65535: number): string {
  return `${Math.round(of65535 / 655.35)} %`;
}

/** Waits for it, 5 s at most. */
async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; n < 500 && !isSo(); n++) await new Promise((resolve) => setTimeout(resolve, 10));
}
