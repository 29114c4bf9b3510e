import { type Endpoint, formatEndpoint, isIPv4 } from "@udp-relay/address-validation";

/** How much of a client's address leaves the relay: in logs, in `/clients` and on screen. */
export type AddressDetail = "full" | "anonymous";

/**
 * An endpoint for people. Anonymous: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one (what
 * analytics services keep), and no port, which behind carrier NAT names a household.
 */
export function shownEndpoint(endpoint: Endpoint, detail: AddressDetail): string {
  if (detail === "full") return formatEndpoint(endpoint);
  if (isIPv4(endpoint)) {
    const { a3 } = endpoint;
    return `${a3 >>> 24}.${(a3 >>> 16) & 255}.${(a3 >>> 8) & 255}.0/24`;
  }
  const part = (word: number, shift: number): string => ((word >>> shift) & 0xffff).toString(16);
  const { a0, a1 } = endpoint;
  return `${part(a0, 16)}:${part(a0, 0)}:${part(a1, 16)}::/48`;
}
