import { endpointFromWords, formatAddress } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";

/** Deterministic data for the address cases: the same peers and prefixes for everyone who is compared. */
let state = 0x2545f491;

function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

export type Family = "IPv4" | "IPv6" | "both";

/** Global unicast peers: 1.0.0.0 to 223.255.255.255 and 2000::/4, ports of 1024 and above. */
export function peers(count: number, family: Family, port?: number): Endpoint[] {
  state = 0x2545f491;
  return Array.from({ length: count }, (_, index) => {
    const peerPort = port ?? 1024 + (random() % 64_512);
    if (family === "IPv4" || (family === "both" && index % 2 === 0)) {
      return endpointFromWords(0, 0, 0xffff, 0x01000000 + (random() % 0xdf000000), peerPort);
    }
    return endpointFromWords(0x20000000 | (random() >>> 4), random(), random(), random(), peerPort);
  });
}

/** 5,000 IPv4 prefixes of 8 to 32 bits and 5,000 IPv6 prefixes of 32 to 64 bits over the peers' ranges. */
export function tenThousandPrefixes(): { address: string; bits: number; family: "ipv4" | "ipv6" }[] {
  state = 0x9e3779b9;
  const mask = (bits: number): number => (bits === 0 ? 0 : -1 << (32 - bits));
  return Array.from({ length: 10_000 }, (_, index) => {
    if (index % 2 === 0) {
      const bits = 8 + (random() % 25);
      const word = (0x01000000 + (random() % 0xdf000000)) & mask(bits);
      return { address: formatAddress(endpointFromWords(0, 0, 0xffff, word, 0)), bits, family: "ipv4" };
    }
    const bits = 32 + (random() % 33);
    const high = 0x20000000 | (random() >>> 4);
    return {
      address: formatAddress(endpointFromWords(high, random() & mask(bits - 32), 0, 0, 0)),
      bits,
      family: "ipv6",
    };
  });
}

/** Sender of a datagram as dgram reports it. */
export interface Sender {
  readonly address: string;
  readonly port: number;
}

/** 16,384 senders of the given peers, each with a string of its own, as a socket makes a new one for each datagram. */
export function senders(of: readonly Endpoint[]): Sender[] {
  return Array.from({ length: 16_384 }, (_, index) => {
    const endpoint = of[index % of.length]!;
    const address = Buffer.from(formatAddress(endpoint), "latin1").toString("latin1");
    return { address, port: endpoint.port };
  });
}
