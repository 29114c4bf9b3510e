import { type Endpoint, formatEndpoint, isIPv4 } from "@udp-relay/address-validation";

/** How much of a client's address leaves the relay: in logs, in `/clients` and on screen. */
export type AddressDetail = "full" | "anonymous";

/** First 16 bits of a 6to4 address (RFC 3056): the IPv4 address of its site follows. */
const SIX_TO_FOUR = 0x2002;

/**
 * An endpoint for people. Anonymous: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one (what
 * analytics services keep), and no port, which behind carrier NAT names a household. Of a 6to4 address the first 40,
 * since 48 are a whole IPv4 address.
 */
export function shownEndpoint(endpoint: Endpoint, detail: AddressDetail): string {
  if (detail === "full") return formatEndpoint(endpoint);
  if (isIPv4(endpoint)) {
    const { a3 } = endpoint;
    return `${a3 >>> 24}.${(a3 >>> 16) & 255}.${(a3 >>> 8) & 255}.0/24`;
  }
  const part = (word: number, shift: number): string => ((word >>> shift) & 0xffff).toString(16);
  const { a0, a1 } = endpoint;
  if (a0 >>> 16 === SIX_TO_FOUR) return `2002:${part(a0, 0)}:${part(a1 & 0xff00_0000, 16)}::/40`;
  return `${part(a0, 16)}:${part(a0, 0)}:${part(a1, 16)}::/48`;
}
