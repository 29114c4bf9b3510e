/**
 * The endpoint of a tunnel in WireGuard's manner: many peers behind NATs, each with a session of its own. A datagram names
 * its session by an index, is counted by 64 bits and sealed with ChaCha20-Poly1305, and carries an IPv4 packet. Whoever moves
 * to another address is followed with his first datagram that opens; what comes twice, or from elsewhere, does not.
 *
 *     npm run example packages/relay/examples/wireguard-endpoint.ts
 *     npm run example packages/relay/examples/wireguard-endpoint.ts -- --pings 2000 --lose-each 10
 *
 * It shows how an endpoint is built of these packages. It is not WireGuard, and must not guard anything: `tunnel/session.ts`
 * says what is missing, besides rekeying.
 */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { parseArgs } from "node:util";
import { AddressPolicy, formatEndpoint } from "@udp-relay/address-validation";
import { openTransport, RelayEndpoint } from "@udp-relay/adapters";
import { CoarseClock } from "@udp-relay/clock";
import { QualityAnalyzer } from "@udp-relay/quality-analyzer";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { echoReply, innerPacket, sourceOf } from "./tunnel/inner-packet.ts";
import { TunnelPeer } from "./tunnel/peer.ts";
import { INITIATION, newIdentity, readInitiation, TRANSPORT, type Session } from "./tunnel/session.ts";

const HOST = "127.0.0.1";
const INSIDE = "10.77.0.1";
const { values } = parseArgs({
  options: { pings: { type: "string", default: "300" }, "lose-each": { type: "string", default: "25" } },
});
const pings = Number(values.pings);
const loseEach = Number(values["lose-each"]);

/** Who may come in, by public key, and which address he has inside. */
interface Allowed {
  readonly name: string;
  readonly address: string;
  latestUnixMs: number;
}
interface Peer {
  readonly allowed: Allowed;
  readonly session: Session;
  readonly response: Buffer;
  readonly quality: QualityAnalyzer;
}

const identity = newIdentity();
const allowed = new Map<string, Allowed>();
const peers = new Map<number, Peer>();
const refused = { handshakes: 0, unknownIndex: 0, notOpened: 0, notTheirAddress: 0 };
let packet: Buffer = Buffer.alloc(0);

using clock = new CoarseClock();
clock.startTicker({ intervalMs: 5 });
using clients = TunnelClientTable.create({ capacity: 1_000, timeoutMs: 180_000, key: "u32", clock });
clients.onExpire(({ id }) => peers.delete(id!));
const { transport } = await openTransport({ host: HOST, port: 0 });

const endpoint = new RelayEndpoint({
  transport,
  clients,
  clock,
  policy: AddressPolicy.preset("public-only", { allow: ["127.0.0.0/8"] }),
  minimumBytes: 32,
  // Nobody is a client, or moved, before a datagram of his has opened.
  identify: ({ bytes, source, tick, arrivalMicros }) => {
    const datagram = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const type = datagram.readUInt32LE(0);
    if (type === INITIATION) return welcome(datagram);
    const index = datagram.readUInt32LE(4);
    const peer = peers.get(index);
    if (type !== TRANSPORT || peer === undefined) return refuse("unknownIndex");
    const opened = peer.session.open(datagram);
    if (opened === undefined) return refuse("notOpened");
    packet = opened.packet;
    peer.quality.recordSequence(opened.counter, arrivalMicros / 1_000);
    const slot = clients.find(index);
    if (slot >= 0 && !clients.isFrom(slot, source) && clients.rebind(slot, source, tick) === 0) {
      console.log(`${peer.allowed.name} is at ${formatEndpoint(source)} now`);
    }
    return index;
  },
  onDatagram: ({ bytes, from }, relay) => {
    const peer = peers.get(clients.id(from) >>> 0)!;
    if (bytes[0] === INITIATION) relay.sendTo(clients.handle(from), peer.response);
    else arrived(peer, from, relay);
  },
});

function refuse(reason: keyof typeof refused): number {
  refused[reason] += 1;
  return -1;
}

/** The index of a new session with whoever is allowed in and does not repeat an old request. */
function welcome(datagram: Buffer): number {
  const request = readInitiation(identity, datagram);
  const who = request && allowed.get(request.publicKey.toString("hex"));
  if (request === undefined || who === undefined || request.unixMs <= who.latestUnixMs)
    return refuse("handshakes");
  who.latestUnixMs = request.unixMs;
  let index: number;
  do index = randomInt(2 ** 32);
  while (peers.has(index));
  const quality = new QualityAnalyzer({ sequenceBits: 64 });
  peers.set(index, { allowed: who, ...request.accept(index), quality });
  return index;
}

/** A packet has come out of the tunnel. Behind a real endpoint is a network; here is one address that can be pinged. */
function arrived(peer: Peer, from: number, relay: RelayEndpoint): void {
  const inner = innerPacket(packet);
  if (inner === undefined || sourceOf(inner) !== peer.allowed.address) {
    refused.notTheirAddress += 1;
    return;
  }
  clients.setLossPerMille(from, peer.quality.lossPerMille ?? 0);
  const reply = echoReply(inner, INSIDE);
  if (reply) relay.sendTo(clients.handle(from), peer.session.seal(reply));
}

// The other side: three peers, a stranger, and somebody on the way who repeats and forges what he sees.
const { port } = transport.localEndpoint;
const people = ["laptop", "phone", "office"].map((name, n) => new TunnelPeer(name, `10.77.0.${n + 2}`));
for (const {
  name,
  address,
  identity: { publicKey },
} of people) {
  allowed.set(publicKey.toString("hex"), { name, address, latestUnixMs: 0 });
}
console.log(`the endpoint is ${HOST}:${port}, inside it is ${INSIDE}`);
for (const person of people) {
  const isIn = await person.connect(port, identity.publicKey);
  console.log(`${person.name} at ${HOST}:${person.port} ${isIn ? "is in" : "WAS NOT ANSWERED"}`);
}
const stranger = new TunnelPeer("a stranger", "10.77.0.9");
console.log(
  `${stranger.name} ${(await stranger.connect(port, identity.publicKey, 1)) ? "IS IN" : "is not answered"}`,
);

const [laptop, phone, office] = people as [TunnelPeer, TunnelPeer, TunnelPeer];
const onTheWay = createSocket("udp4");
const shown = { repeated: 0, forged: 0, foreign: 0 };
for (let n = 0; n < pings; n++) {
  if (n === Math.floor(pings / 2)) {
    await until(() => isAnswered(phone)); // what is still on its way to the old socket would be lost
    await phone.move(port);
  }
  for (const person of people)
    person.ping(INSIDE, n, person === laptop && n % loseEach === Math.floor(loseEach / 2));
  if (n % 10 === 5) {
    onTheWay.send(office.lastDatagram, port, HOST);
    const forged = Buffer.from(office.lastDatagram);
    forged[20]! ^= 1;
    forged.writeBigUInt64LE(BigInt(1_000_000 + n), 8);
    onTheWay.send(forged, port, HOST);
    shown.repeated += 1;
    shown.forged += 1;
  }
  await new Promise((resolve) => setTimeout(resolve, 2));
}
office.ping(INSIDE, pings, false, laptop.address);
shown.foreign += 1;
await until(() => people.every(isAnswered) && refused.notTheirAddress === shown.foreign);

for (const { name, address, sent, answered } of people) {
  const [index, { quality }] = [...peers].find(([, peer]) => peer.allowed.name === name)!;
  const client = clients.snapshot().find(({ id }) => id! >>> 0 === index)!;
  const loss = `${(quality.lossPerMille ?? 0).toFixed(1)} per mille lost on its way`;
  const traffic = `${client.packetsReceived} packets in, ${client.packetsSent} out, ${loss}`;
  console.log(`${name}, ${address}: ${traffic}, ${answered} of ${sent} pings answered`);
}
console.log(
  `on the way ${shown.repeated} were repeated and ${shown.forged} forged: ${refused.notOpened} did not open`,
);
console.log(`${refused.notTheirAddress} of ${shown.foreign} packets came in another's name and went nowhere`);

onTheWay.close();
stranger.close();
for (const person of people) person.close();
await endpoint.close();

function isAnswered({ sent, answered }: TunnelPeer): boolean {
  return sent === answered;
}

/** Waits for it, 2 s at most. */
async function until(isSo: () => boolean): Promise<void> {
  for (let n = 0; n < 100 && !isSo(); n++) await new Promise((resolve) => setTimeout(resolve, 20));
}
