import { endpointFromWords, isIPv4 } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { AF_INET, AF_INET6, SOCKADDR_IN6_BYTES, SOCKADDR_IN_BYTES } from "./kernel.ts";

/**
 * sockaddr_in and sockaddr_in6 (linux/in.h, linux/in6.h) in words of a little-endian machine:
 *
 *     word        0                    1         2..5             6
 *     AF_INET     family | port << 16  address   0
 *     AF_INET6    family | port << 16  flow      address          scope
 *
 * Port and address are in network order. An IPv4 endpoint on an IPv6 socket is its mapped address, which is
 * what the words of an `Endpoint` are.
 */
export function writeSocketAddress(words: Int32Array, at: number, endpoint: Endpoint, ipv6: boolean): number {
  const port = ((endpoint.port & 0xff) << 24) | ((endpoint.port & 0xff00) << 8);
  if (!ipv6) {
    words[at] = AF_INET | port;
    words[at + 1] = swapped(endpoint.a3);
    return SOCKADDR_IN_BYTES;
  }
  words[at] = AF_INET6 | port;
  words[at + 1] = 0;
  words[at + 2] = swapped(endpoint.a0);
  words[at + 3] = swapped(endpoint.a1);
  words[at + 4] = swapped(endpoint.a2);
  words[at + 5] = swapped(endpoint.a3);
  words[at + 6] = endpoint.zone;
  return SOCKADDR_IN6_BYTES;
}

/** The port of the sockaddr at word `at`, in either family. */
export function portAt(words: Int32Array, at: number): number {
  const word = words[at]!;
  return (word >>> 24) | ((word >>> 8) & 0xff00);
}

/** Word `index` (0..3) of the address of the sockaddr at word `at`; that of IPv4 is mapped. */
export function addressWordAt(words: Int32Array, at: number, ipv6: boolean, index: number): number {
  if (ipv6) return swapped(words[at + 2 + index]!);
  return index === 3 ? swapped(words[at + 1]!) : index === 2 ? 0xffff : 0;
}

/** The interface index of the sockaddr at word `at`. */
export function zoneAt(words: Int32Array, at: number, ipv6: boolean): number {
  return ipv6 ? words[at + 6]! >>> 0 : 0;
}

const ENTRIES = 16_384;

/** Endpoints by sockaddr: direct-mapped, so that it cannot grow; entries are immutable, and compared in full. */
export class EndpointCache {
  readonly #entries = new Array<Endpoint | undefined>(ENTRIES).fill(undefined);

  at(words: Int32Array, at: number, ipv6: boolean): Endpoint {
    const a0 = addressWordAt(words, at, ipv6, 0);
    const a1 = addressWordAt(words, at, ipv6, 1);
    const a2 = addressWordAt(words, at, ipv6, 2);
    const a3 = addressWordAt(words, at, ipv6, 3);
    const port = portAt(words, at);
    const zone = zoneAt(words, at, ipv6);
    const index = (Math.imul(a3 ^ Math.imul(a1, 0x85ebca6b), 0x9e3779b1) ^ port) & (ENTRIES - 1);
    const cached = this.#entries[index];
    if (
      cached?.a3 === a3 &&
      cached.port === port &&
      cached.a2 === a2 &&
      cached.a1 === a1 &&
      cached.a0 === a0 &&
      cached.zone === zone
    ) {
      return cached;
    }
    return (this.#entries[index] = endpointFromWords(a0, a1, a2, a3, port, zone));
  }
}

/** Whether a socket of that family can send there at all. */
export function reaches(endpoint: Endpoint, ipv6: boolean, ipv6Only: boolean): boolean {
  return isIPv4(endpoint) ? !ipv6Only : ipv6;
}

function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
