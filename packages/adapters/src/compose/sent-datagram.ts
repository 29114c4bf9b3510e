import type { Endpoint, RinfoLike } from "@udp-relay/address-validation";
import { isIP } from "node:net";
import { endpointFromRinfo } from "@udp-relay/address-validation";

/** One element of what `Socket.send` takes as its message. */
type Part = string | ArrayBufferView;

/** What a call of `dgram.Socket.send` sends and where to, read off its arguments as Node reads them. */
export interface SentDatagram {
  readonly bytes: number;
  /** Undefined for a host name, which only the socket's own look-up resolves. */
  readonly endpoint: Endpoint | undefined;
}

/**
 * The overloads, of which `offset, length` and `callback` may be missing in each:
 *
 *     send(msg, offset, length, port, address, callback)      unconnected
 *     send(msg, port, address, callback)
 *     send(msg, offset, length, callback)                     connected
 *     send(msg, callback)
 *
 * @param peer the remote endpoint of a connected socket
 * @param ipv6 whether a missing address means `::1` rather than `127.0.0.1`
 */
export function sentDatagram(
  call: readonly unknown[],
  peer: Endpoint | undefined,
  ipv6: boolean,
): SentDatagram {
  const [message, second, third, fourth, fifth] = call;
  if (peer !== undefined) {
    const sliced = typeof third === "number";
    return { bytes: sliced ? third : lengthOf(message), endpoint: peer };
  }
  // As Node tells them apart: with an address, or a port that is no callback, in the later places there is a slice.
  const sliced = Boolean(fifth) || (Boolean(fourth) && typeof fourth !== "function");
  const port = Number(sliced ? fourth : second);
  const address = sliced ? fifth : third;
  const host = typeof address === "string" && address !== "" ? address : ipv6 ? "::1" : "127.0.0.1";
  return {
    bytes: sliced ? Number(third) : lengthOf(message),
    endpoint: literalEndpoint({ address: host, port }),
  };
}

function literalEndpoint(rinfo: RinfoLike): Endpoint | undefined {
  return isIP(rinfo.address) === 0 ? undefined : endpointFromRinfo(rinfo);
}

function lengthOf(message: unknown): number {
  if (Array.isArray(message)) {
    let bytes = 0;
    for (const part of message as readonly Part[]) bytes += lengthOf(part);
    return bytes;
  }
  return typeof message === "string" ? Buffer.byteLength(message) : (message as ArrayBufferView).byteLength;
}
