import { createSocket } from "node:dgram";
import type { Endpoint } from "@udp-relay/address-validation";
import type { DatagramTransport } from "../../src/transport/datagram-transport.ts";
import { networkInterfaces } from "node:os";
import type { Peer, PeerOptions } from "./adapter-under-test.ts";

/** A peer that is nothing but a node:dgram socket. */
export async function udpPeer(transport: DatagramTransport, options: PeerOptions = {}): Promise<Peer> {
  const { host = "127.0.0.1", to = host } = options;
  const local: Endpoint = transport.localEndpoint;
  const received: Uint8Array[] = [];
  const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4" });
  socket.on("message", (bytes) => received.push(new Uint8Array(bytes)));
  await new Promise<void>((resolve) => socket.bind({ address: host, port: 0, exclusive: true }, resolve));
  socket.setRecvBufferSize(4 << 20);
  socket.setSendBufferSize(4 << 20);
  return {
    received,
    send: (bytes) => socket.send(bytes, local.port, to),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** A link-local address of this machine, with its zone's name. */
export function linkLocalAddress(): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const found = addresses?.find(({ address }) => address.startsWith("fe80:"));
    if (found !== undefined) return `${found.address}%${name}`;
  }
  return undefined;
}
