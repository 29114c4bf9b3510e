import { AddressError } from "./address-validation-error.ts";

/**
 * A canonical IP endpoint: two of them are the same peer exactly when all six numbers are equal.
 *
 *      a0        a1        a2        a3       port   zone
 *     +---------+---------+---------+---------+------+------+
 *     | int32, network order, a0 first        | u16  | u32  |
 *     +---------+---------+---------+---------+------+------+
 *      IPv4 a.b.c.d:  0, 0, 0x0000ffff, a.b.c.d as one word, zone 0
 *
 * An IPv4 address and its IPv4-mapped IPv6 form (RFC 4291 section 2.5.5.2) are one endpoint: a dual-stack
 * socket reports the same peer either way. Endpoints made by this package are frozen.
 */
export interface Endpoint {
  readonly a0: number;
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  /** 0..65535; 0 where only the address matters. */
  readonly port: number;
  /** Interface index of a link-local or otherwise scoped address (RFC 4007), 0 for none. See `zones`. */
  readonly zone: number;
}

const MAPPED_WORD = 0xffff;

/**
 * Makes a frozen canonical endpoint of words. The zone of an address that has no scope is dropped, because
 * otherwise one peer would have 2^32 identities.
 *
 * @param port 0..65535
 * @param zone 0..4294967295, 0 for none
 * @throws AddressError ERR_ADDRESS_PORT, ERR_ADDRESS_ZONE
 */
export function endpointFromWords(
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  port: number,
  zone = 0,
): Endpoint {
  if (!isPort(port)) throw new AddressError("ERR_ADDRESS_PORT", `port ${port} is not an integer of 0..65535`);
  if (zone >>> 0 !== zone)
    throw new AddressError("ERR_ADDRESS_ZONE", `zone ${zone} is not an unsigned 32-bit integer`);
  return makeEndpoint(a0 | 0, a1 | 0, a2 | 0, a3 | 0, port, zone !== 0 && isScoped(a0) ? zone : 0);
}

/** True when both name the same address, port and zone. */
export function endpointsEqual(a: Endpoint, b: Endpoint): boolean {
  return (
    a.a3 === b.a3 && a.port === b.port && a.a2 === b.a2 && a.a1 === b.a1 && a.a0 === b.a0 && a.zone === b.zone
  );
}

/** True for an IPv4 address, which is kept in its mapped form. */
export function isIPv4(endpoint: Endpoint): boolean {
  return endpoint.a2 === MAPPED_WORD && endpoint.a1 === 0 && endpoint.a0 === 0;
}

/** Whether `port` is an integer of 0..65535 (-0 included, which is 0). */
export function isPort(port: number): boolean {
  return (port & 0xffff) === port;
}

/**
 * Whether addresses that begin with this word exist once per link or site, so that a zone tells them apart:
 * fe80::/10, fec0::/10 (RFC 3879) and multicast of less than global scope (RFC 4007 section 5).
 */
export function isScoped(a0: number): boolean {
  const high = a0 >>> 16;
  if (high >>> 8 === 0xff) return (high & 0xf) !== 0 && (high & 0xf) < 0xe;
  return high >>> 7 === 0xfe80 >>> 7;
}

/** Freezes words that are known to be canonical. */
export function makeEndpoint(
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  port: number,
  zone: number,
): Endpoint {
  return Object.freeze({ a0, a1, a2, a3, port, zone });
}
