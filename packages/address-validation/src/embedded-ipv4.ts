import { AddressError } from "./address-validation-error.ts";
import { isIPv4, makeEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { parsePrefix } from "./prefix.ts";
import type { Prefix } from "./prefix.ts";

/** How an IPv6 address carries an IPv4 address. The mapped form is none of these: it is IPv4 itself here. */
export type Embedding =
  "ipv4-compatible" | "ipv4-translated" | "6to4" | "teredo" | "nat64" | "nat64-local-use";

/** One IPv4 address that an IPv6 address can be read to carry. */
export interface EmbeddedReading {
  readonly embedding: Embedding;
  /** `client` and `server` for Teredo, the assumed prefix length for local-use NAT64, else empty. */
  readonly role: string;
  /** With the outer port. */
  readonly address: Endpoint;
}

/** Codes of the positions at which a prefix carries an IPv4 address; they fit 4 bits. 0 is none. */
const COMPATIBLE = 1;
const SIX_TO_FOUR = 2;
export const TEREDO = 3;
const NAT64_WELL_KNOWN = 4;
export const NAT64_LOCAL_USE = 5;
const NAT64_32 = 6;
const NAT64_40 = 7;
const NAT64_48 = 8;
const NAT64_56 = 9;
const NAT64_64 = 10;
const NAT64_96 = 11;
const TRANSLATED = 12;
const NAT64_BY_LENGTH = new Map([
  [32, NAT64_32],
  [40, NAT64_40],
  [48, NAT64_48],
  [56, NAT64_56],
  [64, NAT64_64],
  [96, NAT64_96],
]);

/** Prefix and code. The unspecified and the loopback address lie in ::/96 and carry nothing. */
const standardForms: readonly (readonly [prefix: string, code: number])[] = [
  ["::/96", COMPATIBLE],
  ["::/128", 0],
  ["::1/128", 0],
  // RFC 2765 section 2.1; RFC 6145 gave the prefix up, translators still know it.
  ["::ffff:0:0:0/96", TRANSLATED],
  ["2002::/16", SIX_TO_FOUR],
  ["2001::/32", TEREDO],
  ["64:ff9b::/96", NAT64_WELL_KNOWN],
  ["64:ff9b:1::/48", NAT64_LOCAL_USE],
];

/** A prefix whose addresses carry IPv4 at the position that the code says. */
export interface EmbeddingPrefix extends Prefix {
  readonly code: number;
}

/**
 * All prefixes that carry IPv4.
 *
 * @param nat64Prefixes network-specific prefixes of translators (RFC 6052 section 2.2), of 32, 40, 48, 56, 64 or 96
 *   bits
 * @throws AddressError ERR_ADDRESS_PREFIX
 */
export function embeddingPrefixes(nat64Prefixes: readonly string[]): EmbeddingPrefix[] {
  return [
    ...standardForms.map(([text, code]) => ({ ...parsePrefix(text), code })),
    ...nat64Prefixes.map((text) => {
      const prefix = parsePrefix(text);
      const code = isIPv4(prefix.address) ? undefined : NAT64_BY_LENGTH.get(prefix.bits);
      if (code === undefined) {
        throw new AddressError(
          "ERR_ADDRESS_PREFIX",
          `NAT64 prefix ${text} is not IPv6 of 32, 40, 48, 56, 64 or 96 bits`,
        );
      }
      return { ...prefix, code };
    }),
  ];
}

/**
 * The IPv4 word at the position of a code.
 *
 * Positions: RFC 4291 section 2.5.5.1 (compatible), RFC 2765 section 2.1 (translated), RFC 3056 section 2 (6to4),
 * RFC 4380 section 4 (Teredo: the client's address is masked by all ones), RFC 6052 section 2.2 (NAT64; bits 64 to 71
 * are never part of it). For NAT64_LOCAL_USE the last 32 bits, see `localUseReadings`.
 */
export function embeddedWord(code: number, a0: number, a1: number, a2: number, a3: number): number {
  switch (code) {
    case SIX_TO_FOUR:
      return (a0 << 16) | (a1 >>> 16);
    case TEREDO:
      return ~a3;
    case NAT64_32:
      return a1;
    case NAT64_40:
      return (a1 << 8) | ((a2 >>> 16) & 0xff);
    case NAT64_48:
      return (a1 << 16) | ((a2 >>> 8) & 0xffff);
    case NAT64_56:
      return (a1 << 24) | (a2 & 0xffffff);
    case NAT64_64:
      return (a2 << 8) | (a3 >>> 24);
    default:
      return a3;
  }
}

/** The Teredo server's IPv4 word (RFC 4380 section 4). */
export function teredoServerWord(a1: number): number {
  return a1;
}

/**
 * How many of `localUsePositions` an address of 64:ff9b:1::/48 can be read by. Within that block (RFC 8215) the operator
 * chooses the length of the prefix, which the address does not tell. The last 32 bits are always a reading; a shorter
 * prefix is one when bits 64 to 71 and all behind its IPv4 address are zero, as RFC 6052 section 2.2 has them.
 */
export function localUseReadings(a2: number, a3: number): number {
  if (a2 >>> 24 !== 0 || (a3 & 0xffffff) !== 0) return 1;
  if (a3 !== 0) return 2;
  return (a2 & 0xff) === 0 ? 4 : 3;
}

/** Codes of the readings of a local-use address, the longest prefix first. */
export const localUsePositions: readonly number[] = [NAT64_96, NAT64_64, NAT64_56, NAT64_48];

/**
 * All that an address can be read to carry, the usual reading first: one address, but for Teredo the client's NAT and
 * the server, and for local-use NAT64 one for each prefix length that is possible.
 */
export function embeddedReadings(endpoint: Endpoint, code: number): EmbeddedReading[] {
  if (code === 0) return [];
  const { a0, a1, a2, a3, port } = endpoint;
  const embedding = nameOf(code);
  const reading = (role: string, word: number): EmbeddedReading => ({
    embedding,
    role,
    address: makeEndpoint(0, 0, 0xffff, word, port, 0),
  });
  if (code === TEREDO) return [reading("client", ~a3), reading("server", teredoServerWord(a1))];
  if (code !== NAT64_LOCAL_USE) return [reading("", embeddedWord(code, a0, a1, a2, a3))];
  return localUsePositions
    .slice(0, localUseReadings(a2, a3))
    .map((position, index) =>
      reading(`as /${[96, 64, 56, 48][index]}`, embeddedWord(position, a0, a1, a2, a3)),
    );
}

function nameOf(code: number): Embedding {
  if (code === COMPATIBLE) return "ipv4-compatible";
  if (code === TRANSLATED) return "ipv4-translated";
  if (code === SIX_TO_FOUR) return "6to4";
  if (code === TEREDO) return "teredo";
  return code === NAT64_LOCAL_USE ? "nat64-local-use" : "nat64";
}
