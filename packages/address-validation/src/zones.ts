import { AddressError } from "./address-validation-error.ts";
import { scanDecimal } from "./address-text.ts";

/**
 * Translates between the zone names that text carries (`fe80::1%eth0`) and the interface indices that the
 * kernel's socket addresses carry (`sin6_scope_id`). Whatever it answers must be the same in every thread.
 */
export interface ZoneResolver {
  /** Interface index of a name, or 0 when there is no such interface. */
  indexOf(name: string): number;
  /** Name of an interface index, or undefined when there is no such interface. */
  nameOf(index: number): string | undefined;
}

/** What `os.networkInterfaces()` returns, as far as it is read here. */
export type NetworkInterfaces = Readonly<
  Record<string, readonly { readonly scopeid?: number }[] | undefined>
>;

let installed: ZoneResolver | undefined;

/**
 * Installs the resolver of this thread and returns the one before it.
 *
 * Without one, or for a name it does not know, a name is represented by a hash of its own, 2147483648 or
 * more, so that it never equals a real interface index and is the same in every thread. Such endpoints are
 * equal among themselves, yet differ from the same peer's endpoint by index: install the same resolver in
 * every thread, before its first datagram. An empty interface index never changes its meaning in a process,
 * so installing again after an interface appeared is safe.
 */
export function installZones(resolver: ZoneResolver | undefined): ZoneResolver | undefined {
  const previous = installed;
  installed = resolver;
  return previous;
}

/**
 * A resolver of `os.networkInterfaces()`: every interface that has a link-local IPv6 address has its index
 * there, as `scopeid`. An interface without one cannot be the zone of a peer.
 */
export function zonesFromNetworkInterfaces(interfaces: NetworkInterfaces): ZoneResolver {
  const indices = new Map<string, number>();
  const names = new Map<number, string>();
  for (const [name, addresses] of Object.entries(interfaces)) {
    for (const { scopeid } of addresses ?? []) {
      if (scopeid === undefined || scopeid === 0) continue;
      indices.set(name, scopeid);
      names.set(scopeid, name);
    }
  }
  return { indexOf: (name) => indices.get(name) ?? 0, nameOf: (index) => names.get(index) };
}

const MAXIMUM_NAME_LENGTH = 64;
const HASHED = 0x8000_0000;

/**
 * Zone of the text after `%`: a decimal index of 1..4294967295, or a name.
 *
 * @returns 0 when it is malformed
 */
export function zoneOfText(text: string): number {
  if (text.length === 0 || text.length > MAXIMUM_NAME_LENGTH) return 0;
  let digits = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // Printable ASCII that cannot be confused with the syntax around it.
    if (code <= 0x20 || code >= 0x7f || code === 0x25 || code === 0x2f || code === 0x5b || code === 0x5d)
      return 0;
    if (code < 0x30 || code > 0x39) digits = false;
  }
  if (digits) return Math.max(0, scanDecimal(text, 0, text.length, 0xffff_ffff));
  const index = installed?.indexOf(text) ?? 0;
  if (index === 0) return hashedZone(text);
  if (index >>> 0 !== index || index >= HASHED) {
    throw new AddressError("ERR_ADDRESS_ZONE", `the zone resolver gave ${index} for ${text}`);
  }
  return index;
}

/** Text of a zone: its name where the installed resolver knows it, else its number. Parsing gives it back. */
export function zoneToText(zone: number): string {
  const name = installed?.nameOf(zone);
  return name !== undefined && zoneOfText(name) === zone ? name : String(zone);
}

/** FNV-1a, 31 bits, with the top bit set: no kernel hands out such an index. */
function hashedZone(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash | HASHED) >>> 0;
}
