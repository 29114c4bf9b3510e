import { scanDecimal } from "./address-text.ts";

/**
 * Translates between the zone names that text carries (`fe80::1%eth0`, what node:dgram reports on Linux and macOS) and
 * the interface indices that socket addresses carry (`sin6_scope_id`, what batch syscalls report). It must not throw,
 * and what it answers must be the same in every thread.
 */
export interface ZoneResolver {
  /** Interface index of a name, 1..2147483647, or 0 when it knows none. */
  indexOf(name: string): number;
  /** Name of an interface index, or undefined when it knows none. */
  nameOf(index: number): string | undefined;
}

/** What `os.networkInterfaces()` returns, as far as it is read here. */
export type NetworkInterfaces = Readonly<
  Record<string, readonly { readonly scopeid?: number }[] | undefined>
>;

/** Times that a resolver was installed in this thread: what was parsed before may mean another zone. */
export let zonesInstalled = 0;

let installed: ZoneResolver | undefined;

/**
 * Installs the zone resolver of this thread, or none, and returns the one before it.
 *
 * Without one, and for names that it does not know, a zone is a hash of its name, 2147483648 or more: never the index
 * of an interface, the same in every thread and process. Peers are then told apart by interface as they should be, but
 * a peer's endpoint made of text differs from the same peer's made of socket addresses. A relay that uses both installs
 * a resolver in every thread, before that thread's first datagram, and again when an interface has appeared.
 */
export function installZones(resolver: ZoneResolver | undefined): ZoneResolver | undefined {
  const previous = installed;
  installed = resolver;
  zonesInstalled++;
  return previous;
}

/**
 * A resolver made of `os.networkInterfaces()`: an interface that has a link-local IPv6 address, and no other can have
 * link-local peers, has its index there as `scopeid`.
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
 * Zone of the text after `%`: a decimal index of 1..4294967295 without padding, or a name of printable ASCII.
 *
 * @returns 0 when it is malformed
 */
export function zoneOfText(text: string): number {
  if (text.length === 0 || text.length > MAXIMUM_NAME_LENGTH) return 0;
  if (/^[0-9]+$/.test(text)) return Math.max(0, scanDecimal(text, 0, text.length, 0xffff_ffff));
  // Neither spaces nor the characters that the syntax around a zone is made of.
  if (!/^[!-$&-.0-Z\\^-~]+$/.test(text)) return 0;
  const index = installed?.indexOf(text) ?? 0;
  return Number.isInteger(index) && index > 0 && index < HASHED ? index : hashedZone(text);
}

/** Text of a zone: its name where the installed resolver knows it, else its number. Parsing gives the zone back. */
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
