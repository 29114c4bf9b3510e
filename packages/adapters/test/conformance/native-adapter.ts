import { BunTransport } from "../../src/transport/bun.ts";
import type { DatagramTransport, TransportOptions } from "../../src/transport/datagram-transport.ts";
import { NodeTransport } from "../../src/transport/node.ts";
import { untilReal } from "./adapter-under-test.ts";
import type { AdapterUnderTest } from "./adapter-under-test.ts";
import { linkLocalAddress, udpPeer } from "./udp-peer.ts";

export const onBun: boolean = "bun" in process.versions;

/** The transport that belongs to the runtime of this test. */
export function openNative(options: TransportOptions = {}): Promise<DatagramTransport> {
  const bound = { host: "127.0.0.1", ...options };
  return onBun ? BunTransport.open(bound) : NodeTransport.open(bound);
}

/** Node's or Bun's own sockets, with node:dgram sockets as peers. */
export const nativeAdapter: AdapterUnderTest = {
  name: onBun ? "bun" : "node",
  open: openNative,
  peer: udpPeer,
  until: untilReal,
  datagramSockets: true,
  linkLocal: linkLocalAddress(),
};
