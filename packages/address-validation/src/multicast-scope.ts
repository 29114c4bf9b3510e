import { isIPv4 } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";

/** How far a multicast address reaches, by the names of RFC 7346 section 2. */
export type MulticastScope =
  | "reserved"
  | "interface-local"
  | "link-local"
  | "realm-local"
  | "admin-local"
  | "site-local"
  | "organization-local"
  | "global"
  | "unassigned";

/** By the scop field of an IPv6 multicast address (RFC 4291 section 2.7, RFC 7346 section 2). */
const scopes: readonly MulticastScope[] = [
  "reserved",
  "interface-local",
  "link-local",
  "realm-local",
  "admin-local",
  "site-local",
  "unassigned",
  "unassigned",
  "organization-local",
  "unassigned",
  "unassigned",
  "unassigned",
  "unassigned",
  "unassigned",
  "global",
  "reserved",
];

/**
 * The scope of a multicast address, undefined for any other.
 *
 * IPv4 has its scopes from RFC 2365 section 8, which sets them beside those of IPv6: 224.0.0.0/24 link-local,
 * 239.255.0.0/16 beside scope 3 (realm-local since RFC 7346), 239.192.0.0/14 organization-local, the rest of
 * 239.0.0.0/8 unassigned, anything else global.
 */
export function multicastScope(endpoint: Endpoint): MulticastScope | undefined {
  if (!isIPv4(endpoint)) return endpoint.a0 >>> 24 === 0xff ? scopes[(endpoint.a0 >>> 16) & 15] : undefined;
  const address = endpoint.a3 >>> 0;
  if (address >>> 28 !== 0xe) return undefined;
  if (address >>> 8 === 0xe00000) return "link-local";
  if (address >>> 24 !== 239) return "global";
  if (address >>> 16 === 0xefff) return "realm-local";
  return address >>> 18 === 0xefc0 >>> 2 ? "organization-local" : "unassigned";
}
