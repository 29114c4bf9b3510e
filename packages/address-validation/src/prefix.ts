import { AddressError } from "./address-validation-error.ts";
import { scanDecimal } from "./address-text.ts";
import { isIPv4 } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { formatAddress } from "./format-endpoint.ts";
import { tryParseAddress } from "./parse-endpoint.ts";

/**
 * A CIDR prefix over canonical words. An IPv4 prefix covers IPv4 addresses only and an IPv6 prefix IPv6 addresses
 * only: `::/0` is all of IPv6, and says nothing of IPv4 although IPv4 is kept in its mapped form.
 */
export interface Prefix {
  readonly address: Endpoint;
  /** Significant bits of all 128: an IPv4 /8 is 104. */
  readonly bits: number;
}

/**
 * Parses `10.0.0.0/8`, `2001:db8::/32`, or an address alone, which is a prefix of its full length. An IPv6 prefix
 * within ::ffff:0:0/96 is the IPv4 prefix that it spells.
 *
 * @throws AddressError ERR_ADDRESS_PREFIX, also when bits are set behind the prefix: `10.1.0.0/8` is a mistake more
 *   often than it means 10.0.0.0/8
 */
export function parsePrefix(text: string): Prefix {
  if (typeof text !== "string") throw invalid(String(text), "is not a string");
  const slash = text.indexOf("/");
  const address = tryParseAddress(slash < 0 ? text : text.slice(0, slash), 0);
  if (address?.zone !== 0) throw invalid(text, "is not an address, or has a zone");
  const dotted = !text.includes(":");
  const maximum = dotted ? 32 : 128;
  const length = slash < 0 ? maximum : scanDecimal(text, slash + 1, text.length, maximum);
  if (length < 0) throw invalid(text, `has a length that is not a plain decimal of 0..${maximum}`);
  const bits = dotted ? 96 + length : length;
  for (let word = 0; word < 4; word++) {
    const own = Math.min(32, Math.max(0, bits - 32 * word));
    if ((wordOf(address, word) & ~maskOf(own)) !== 0) throw invalid(text, "has bits set behind its length");
  }
  return { address, bits };
}

/** Text of a prefix, as short as RFC 5952 has it: `10.0.0.0/8`, `2001:db8::/32`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${isIPv4(prefix.address) ? prefix.bits - 96 : prefix.bits}`;
}

/** Whether the prefix covers the address, whose port and zone do not matter. */
export function prefixContains(prefix: Prefix, address: Endpoint): boolean {
  return isIPv4(prefix.address) === isIPv4(address) && commonBits(prefix.address, address) >= prefix.bits;
}

/** Number of leading bits, of 128, in which two addresses agree. */
export function commonBits(a: Endpoint, b: Endpoint): number {
  for (let word = 0; word < 4; word++) {
    const difference = wordOf(a, word) ^ wordOf(b, word);
    if (difference !== 0) return 32 * word + Math.clz32(difference);
  }
  return 128;
}

/** Orders prefixes so that each comes right before those within it: by address, the shorter first. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  for (let word = 0; word < 4; word++) {
    const difference = (wordOf(a.address, word) >>> 0) - (wordOf(b.address, word) >>> 0);
    if (difference !== 0) return difference;
  }
  return a.bits - b.bits;
}

export function wordOf(address: Endpoint, index: number): number {
  return index === 0 ? address.a0 : index === 1 ? address.a1 : index === 2 ? address.a2 : address.a3;
}

/** The `bits` highest bits of a word, 0..32. */
export function maskOf(bits: number): number {
  return bits === 0 ? 0 : -1 << (32 - bits);
}

function invalid(text: string, why: string): AddressError {
  return new AddressError("ERR_ADDRESS_PREFIX", `prefix ${JSON.stringify(text.slice(0, 80))} ${why}`);
}
