import { networkInterfaces } from "node:os";
import { installZones, parseAddress, zonesFromNetworkInterfaces } from "@udp-relay/address-validation";
import { AdapterError } from "../adapter-error.ts";
import type { TransportOptions } from "./datagram-transport.ts";

/** Largest UDP payload over IPv4: 65535 - 20 (IP header) - 8 (UDP header). */
const MAXIMUM_DATAGRAM_BYTES = 65_507;

/** `TransportOptions` that concern the socket, checked and with defaults. */
export interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly ipv6: boolean;
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  readonly maxDatagramBytes: number;
  readonly queueDatagrams: number;
}

/** @throws AdapterError ERR_ADAPTER_OPTION naming the option */
export function socketOptions(options: TransportOptions): SocketOptions {
  const host = options.host ?? "0.0.0.0";
  const ipv6 = host.includes(":");
  try {
    parseAddress(host, 0);
  } catch (cause) {
    throw new AdapterError("ERR_ADAPTER_OPTION", `host ${host} is not an IP address`, { cause });
  }
  const port = integerOption("port", options.port, 0, 0, 65_535);
  const reusePort = options.reusePort ?? false;
  if (reusePort && port === 0) {
    // The kernel gives a second socket the first one's free port, and replies then reach the wrong peer.
    throw new AdapterError("ERR_ADAPTER_OPTION", "reusePort needs a port: port 0 cannot be shared");
  }
  return {
    host,
    port,
    ipv6,
    ipv6Only: options.ipv6Only ?? false,
    reusePort,
    receiveBufferBytes: integerOption("receiveBufferBytes", options.receiveBufferBytes, 4 << 20, 1, 1 << 30),
    sendBufferBytes: integerOption("sendBufferBytes", options.sendBufferBytes, 4 << 20, 1, 1 << 30),
    maxDatagramBytes: maxDatagramBytesOption(options),
    queueDatagrams: queueDatagramsOption(options),
  };
}

export function maxDatagramBytesOption(options: TransportOptions): number {
  return integerOption("maxDatagramBytes", options.maxDatagramBytes, 2_048, 1, MAXIMUM_DATAGRAM_BYTES);
}

export function queueDatagramsOption(options: TransportOptions): number {
  return integerOption("queueDatagrams", options.queueDatagrams, 1_024, 1, 65_536);
}

export function integerOption(
  name: string,
  value: unknown,
  fallback: number,
  least: number,
  most: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  const given: unknown = value;
  const shown = typeof given === "string" ? `"${given}"` : String(given);
  throw new AdapterError("ERR_ADAPTER_OPTION", `${name} ${shown} is not an integer of ${least}..${most}`);
}

/**
 * Lets zone names (`fe80::1%eth0`), which the runtimes' socket APIs speak, stand for interface indices,
 * unless the program has installed a resolver of its own. Every thread comes to the same numbers.
 */
export function installDefaultZones(): void {
  const previous = installZones(zonesFromNetworkInterfaces(networkInterfaces()));
  if (previous !== undefined) installZones(previous);
}
