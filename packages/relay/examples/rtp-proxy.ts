/**
 * A media proxy that tells how the call sounds: 10 s of G.711 in each direction, faster than real time, of which the
 * caller's network loses every 25th packet. The datagrams pass unchanged.
 *
 *     npm run example packages/relay/examples/rtp-proxy.ts
 */
import { createSocket, type Socket } from "node:dgram";
import { parseEndpoint } from "@udp-relay/address-validation";
import { openTransport } from "@udp-relay/adapters";
import { connectedUpstreams, RtpMeasurer, SessionProxy } from "@udp-relay/relay";

const HOST = "127.0.0.1";
const PACKETS = 500;
const SAMPLES_A_PACKET = 160;

let heard = 0;
const mediaServer = await open((socket, packet, port) => {
  heard += 1;
  // An answer of its own stream for each packet; nothing is lost on this way.
  const answer = Buffer.from(packet);
  answer.writeUInt16BE(heard, 2);
  answer.writeUInt32BE(heard * SAMPLES_A_PACKET, 4);
  answer.writeUInt32BE(0x5e7e, 8);
  socket.send(answer, port, HOST);
});

const { transport } = await openTransport({ host: HOST, port: 0 });
await using proxy = new SessionProxy({
  transport,
  backends: [{ endpoint: parseEndpoint(`${HOST}:${mediaServer.address().port}`) }],
  openUpstream: connectedUpstreams,
  clock: { nowMs: () => performance.now() },
  maxSessions: 1_000,
  idleTimeoutMs: 30_000,
  measurer: new RtpMeasurer({ clocks: { 111: 48_000 } }),
});
const ticker = setInterval(() => proxy.tick(), 20);

let answered = 0;
const caller = await open(() => (answered += 1));
let sent = 0;
for (let sequence = 0; sequence < PACKETS; sequence++) {
  if (sequence % 25 === 13) continue;
  sent += 1;
  caller.send(rtp(sequence), transport.localEndpoint.port, HOST);
  if (sequence % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
}
for (let n = 0; n < 100 && answered < sent; n++) await new Promise((resolve) => setTimeout(resolve, 20));

const { fromClients, fromBackends } = proxy.report().measured!;
console.log(`from the caller: ${fromClients.packets} packets, ${fromClients.lost} lost on the way here`);
console.log(`from the server: ${fromBackends.packets} packets, ${fromBackends.lost} lost`);
console.log(`the caller heard ${answered} of ${sent}`);

clearInterval(ticker);
caller.close();
mediaServer.close();

/** 20 ms of G.711 (payload type 0). */
function rtp(sequence: number): Buffer {
  const packet = Buffer.alloc(12 + SAMPLES_A_PACKET);
  packet[0] = 0x80;
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(sequence * SAMPLES_A_PACKET, 4);
  packet.writeUInt32BE(0xca11e4, 8);
  return packet;
}

async function open(onMessage: (socket: Socket, packet: Buffer, port: number) => void): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (packet, { port }) => onMessage(socket, packet, port));
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  return socket;
}
