import { AddressError } from "./address-validation-error.ts";
import { endpointFromWords, isIPv4 } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * Reads an address of 4 or 16 bytes in network order, as `sockaddr_in` and `sockaddr_in6` hold it.
 *
 * @param offset byte offset of the address in `bytes`
 * @param family 4 or 6
 * @param port 0..65535
 * @param zone interface index (`sin6_scope_id`), dropped where the address has no scope
 * @throws AddressError ERR_ADDRESS_BYTES, ERR_ADDRESS_PORT, ERR_ADDRESS_ZONE
 */
export function endpointFromBytes(
  bytes: Uint8Array,
  offset: number,
  family: 4 | 6,
  port: number,
  zone = 0,
): Endpoint {
  const length = byteLengths[family] ?? NaN;
  if (!(Number.isInteger(offset) && offset >= 0 && offset + length <= bytes.length)) {
    throw new AddressError(
      "ERR_ADDRESS_BYTES",
      `no address of family ${String(family)} at offset ${offset} of ${bytes.length} bytes`,
    );
  }
  if (family === 4) return endpointFromWords(0, 0, 0xffff, readWord(bytes, offset), port);
  return endpointFromWords(
    readWord(bytes, offset),
    readWord(bytes, offset + 4),
    readWord(bytes, offset + 8),
    readWord(bytes, offset + 12),
    port,
    zone,
  );
}

/**
 * Writes the address in network order: 4 bytes for family 4, 16 for family 6 (IPv4 as mapped). Never throws
 * and allocates nothing.
 *
 * @returns the bytes written; 0, and nothing is written, when they do not fit at `offset` or an IPv6 address
 *   is asked for as family 4
 */
export function writeAddressBytes(
  endpoint: Endpoint,
  bytes: Uint8Array,
  offset: number,
  family: 4 | 6,
): number {
  const length = family === 4 ? 4 : 16;
  if (!(offset >= 0 && offset + length <= bytes.length)) return 0;
  if (family === 4) {
    if (!isIPv4(endpoint)) return 0;
    writeWord(bytes, offset, endpoint.a3);
    return 4;
  }
  writeWord(bytes, offset, endpoint.a0);
  writeWord(bytes, offset + 4, endpoint.a1);
  writeWord(bytes, offset + 8, endpoint.a2);
  writeWord(bytes, offset + 12, endpoint.a3);
  return 16;
}

/** By family; anything else has no length, and no offset fits. */
const byteLengths: Readonly<Record<number, number>> = { 4: 4, 6: 16 };

function readWord(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
