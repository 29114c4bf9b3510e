import { isIPv4 } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { zoneToText } from "./zones.ts";

/** Text of an endpoint: `1.2.3.4:5678` or `[fe80::1%eth0]:53`. `parseEndpoint` gives the same endpoint back. */
export function formatEndpoint(endpoint: Endpoint): string {
  const address = formatAddress(endpoint);
  return isIPv4(endpoint) ? `${address}:${endpoint.port}` : `[${address}]:${endpoint.port}`;
}

/**
 * Text of the address alone, with its zone, without brackets. IPv6 as RFC 5952 recommends: lower case, no
 * leading zeros, `::` for the first longest run of two zero groups or more. An IPv4 address is dotted.
 */
export function formatAddress(endpoint: Endpoint): string {
  const { a0, a1, a2, a3, zone } = endpoint;
  if (isIPv4(endpoint)) return `${a3 >>> 24}.${(a3 >>> 16) & 255}.${(a3 >>> 8) & 255}.${a3 & 255}`;
  const groups = [a0, a1, a2, a3].flatMap((word) => [word >>> 16, word & 0xffff]);
  let gap = -1;
  let gapLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > gapLength) {
      gap = start;
      gapLength = end - start;
    }
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  const address = gap < 0 ? hex(0, 8) : `${hex(0, gap)}::${hex(gap + gapLength, 8)}`;
  return zone === 0 ? address : `${address}%${zoneToText(zone)}`;
}
