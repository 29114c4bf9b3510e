import { AddressError } from "./address-validation-error.ts";
import { scanAddress, scanDecimal, scanned } from "./address-text.ts";
import { isPort, isScoped, makeEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { zoneOfText } from "./zones.ts";

/**
 * Parses `1.2.3.4:5678`, `[2001:db8::1]:53` or `[fe80::1%eth0]:53`. The port is required and IPv6 is in
 * brackets (RFC 5952 section 6 names the forms without them as ambiguous).
 *
 * @throws AddressError ERR_ADDRESS_SYNTAX, ERR_ADDRESS_PORT, ERR_ADDRESS_ZONE
 */
export function parseEndpoint(text: string): Endpoint {
  requireText(text);
  const colon = text.lastIndexOf(":");
  const bracketed = text.charCodeAt(0) === 0x5b;
  if (colon < 0 || (bracketed && text.charCodeAt(colon - 1) !== 0x5d)) {
    throw new AddressError("ERR_ADDRESS_SYNTAX", `no port in ${quote(text)}`);
  }
  const port = scanDecimal(text, colon + 1, text.length, 0xffff);
  if (port < 0) {
    throw new AddressError("ERR_ADDRESS_PORT", `port of ${quote(text)} is not a plain decimal of 0..65535`);
  }
  const address = bracketed ? text.slice(1, colon - 1) : text.slice(0, colon);
  if (bracketed !== address.includes(":")) {
    throw new AddressError(
      "ERR_ADDRESS_SYNTAX",
      `brackets in ${quote(text)} are for IPv6, and IPv6 needs them`,
    );
  }
  return parseAddress(address, port);
}

/**
 * Parses an address without a port: `1.2.3.4`, `2001:db8::1`, `fe80::1%eth0`.
 *
 * @param port 0..65535, what the endpoint's port will be
 * @throws AddressError ERR_ADDRESS_SYNTAX, ERR_ADDRESS_PORT, ERR_ADDRESS_ZONE
 */
export function parseAddress(text: string, port = 0): Endpoint {
  requireText(text);
  if (!isPort(port)) throw new AddressError("ERR_ADDRESS_PORT", `port ${port} is not an integer of 0..65535`);
  const endpoint = tryParseAddress(text, port);
  if (endpoint !== undefined) return endpoint;
  const percent = text.indexOf("%");
  if (percent > 0 && scanAddress(text, 0, percent)) {
    throw new AddressError(
      "ERR_ADDRESS_ZONE",
      `${quote(text)} has a zone that is malformed or has no meaning there`,
    );
  }
  throw new AddressError("ERR_ADDRESS_SYNTAX", `${quote(text)} is not an IP address`);
}

/** `parseAddress` that answers undefined instead of throwing. `port` must have been checked. */
export function tryParseAddress(text: string, port: number): Endpoint | undefined {
  if (!scanAddress(text, 0, text.length)) return tryParseZoned(text, port);
  return makeEndpoint(scanned[0]!, scanned[1]!, scanned[2]!, scanned[3]!, port, 0);
}

function tryParseZoned(text: string, port: number): Endpoint | undefined {
  const percent = text.indexOf("%");
  if (percent < 0) return undefined;
  const zone = zoneOfText(text.slice(percent + 1));
  if (zone === 0 || !scanAddress(text, 0, percent) || !isScoped(scanned[0]!)) return undefined;
  return makeEndpoint(scanned[0]!, scanned[1]!, scanned[2]!, scanned[3]!, port, zone);
}

function requireText(text: unknown): asserts text is string {
  if (typeof text !== "string")
    throw new AddressError("ERR_ADDRESS_SYNTAX", `an address is a string, not ${typeof text}`);
}

/** Quotes hostile text for an error message: bounded, and escaped so that it cannot forge a log line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
