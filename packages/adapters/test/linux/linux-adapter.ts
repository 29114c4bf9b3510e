import type { DatagramTransport } from "../../src/transport/datagram-transport.ts";
import { LinuxTransport } from "../../src/transport/linux.ts";
import type { LinuxTransportOptions } from "../../src/transport/linux.ts";
import { untilReal } from "../conformance/adapter-under-test.ts";
import type { AdapterUnderTest } from "../conformance/adapter-under-test.ts";
import { linkLocalAddress, udpPeer } from "../conformance/udp-peer.ts";

export const linuxHere: boolean =
  process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64");

export function openLinux(options: LinuxTransportOptions = {}): Promise<LinuxTransport> {
  return LinuxTransport.open({ host: "127.0.0.1", ...options });
}

/** The event-loop mode, with node:dgram sockets as peers. */
export const linuxAdapter: AdapterUnderTest = {
  name: "linux",
  open: (options): Promise<DatagramTransport> => openLinux(options),
  peer: udpPeer,
  until: untilReal,
  datagramSockets: true,
  linkLocal: linkLocalAddress(),
};
