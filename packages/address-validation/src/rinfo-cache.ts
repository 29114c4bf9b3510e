import { AddressError } from "./address-validation-error.ts";
import { isPort, makeEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { parseAddress, tryParseAddress } from "./parse-endpoint.ts";
import { zonesInstalled } from "./zones.ts";

/** What `node:dgram` hands to a `message` listener, as far as it is read here. */
export interface RinfoLike {
  readonly address: string;
  readonly port: number;
}

/** One address in text with its parsed form. Never changed: an entry is replaced by another one. */
interface Entry {
  readonly address: string;
  readonly endpoint: Endpoint;
}

const DEFAULT_CAPACITY = 16_384;
const MAXIMUM_CAPACITY = 1 << 20;

/** What fills an unused place is true as well, so that no look-up has to ask whether a place is used. */
const EMPTY: Entry = { address: "0.0.0.0", endpoint: makeEndpoint(0, 0, 0xffff, 0, 0, 0) };

/**
 * A bounded cache from address text and port to a frozen endpoint, with two places for each:
 *
 *     near   [ by the low bits of the port ]                          clients behind NATs differ in their port
 *     far    [ by the port and the last seven characters, mixed ]     clients that all bind one port do not
 *
 * A place is good only if the whole text and the port are equal. A miss parses and fills both places, replacing what
 * was there; an endpoint that was handed out never changes. Nobody can make the cache grow, and the worst that chosen
 * addresses can do is turn hits into parses, some 60 ns more a datagram.
 */
export class RinfoCache {
  /** Entries in each half. */
  readonly capacity: number;
  readonly #near: Entry[];
  readonly #far: Entry[];
  readonly #mask: number;
  #zones: number;

  /**
   * @param capacity a power of two of 16..1048576; the memory is at most some 300 bytes for each
   * @throws AddressError ERR_ADDRESS_CACHE
   */
  constructor(capacity: number = DEFAULT_CAPACITY) {
    if (!(capacity >= 16 && capacity <= MAXIMUM_CAPACITY && (capacity & (capacity - 1)) === 0)) {
      throw new AddressError(
        "ERR_ADDRESS_CACHE",
        `capacity ${capacity} is not a power of two of 16..1048576`,
      );
    }
    this.capacity = capacity;
    this.#mask = capacity - 1;
    this.#zones = zonesInstalled;
    this.#near = new Array<Entry>(capacity).fill(EMPTY);
    this.#far = new Array<Entry>(capacity).fill(EMPTY);
  }

  /** The endpoint of an address in text and a port, or undefined when either is malformed. Never throws. */
  find(address: string, port: number): Endpoint | undefined {
    const cached = this.peek(address, port);
    if (cached !== undefined) return cached;
    if (typeof address !== "string" || !isPort(port)) return undefined;
    const endpoint = tryParseAddress(address, port);
    if (endpoint === undefined) return undefined;
    const entry = { address, endpoint };
    this.#far[mixTail(address, port) & this.#mask] = entry;
    this.#near[port & this.#mask] = entry;
    return endpoint;
  }

  /** The endpoint if it is cached, else undefined. Allocates nothing. */
  peek(address: string, port: number): Endpoint | undefined {
    if (this.#zones !== zonesInstalled) this.#forget();
    const near = this.#near[port & this.#mask]!;
    if (near.endpoint.port === port && near.address === address) return near.endpoint;
    if (typeof address !== "string") return undefined;
    const far = this.#far[mixTail(address, port) & this.#mask]!;
    return far.endpoint.port === port && far.address === address ? far.endpoint : undefined;
  }

  /** Zone names mean other indices since another resolver was installed. */
  #forget(): void {
    this.#near.fill(EMPTY);
    this.#far.fill(EMPTY);
    this.#zones = zonesInstalled;
  }
}

let threadCache: RinfoCache | undefined;

/** `RinfoCache.peek` in this thread's own cache. */
export function peekRinfo(address: string, port: number): Endpoint | undefined {
  threadCache ??= new RinfoCache();
  return threadCache.peek(address, port);
}

/** `RinfoCache.find` in this thread's own cache. */
export function findRinfo(address: string, port: number): Endpoint | undefined {
  threadCache ??= new RinfoCache();
  return threadCache.find(address, port);
}

/**
 * The endpoint of a datagram's sender, through this thread's own cache of 2 x 16,384 entries.
 *
 * @throws AddressError when `rinfo` does not hold an address and a port; what a socket reports always does
 */
export function endpointFromRinfo(rinfo: RinfoLike): Endpoint {
  return findRinfo(rinfo.address, rinfo.port) ?? parseAddress(rinfo.address, rinfo.port);
}

/** Reads few characters: on a string fresh from a socket each costs about 1 ns, hashing all of them as much as parsing. */
function mixTail(text: string, port: number): number {
  const end = text.length;
  const last =
    text.charCodeAt(end - 1) |
    (text.charCodeAt(end - 2) << 8) |
    (text.charCodeAt(end - 3) << 16) |
    (text.charCodeAt(end - 4) << 24);
  const before =
    text.charCodeAt(end - 5) | (text.charCodeAt(end - 6) << 8) | (text.charCodeAt(end - 7) << 16);
  const mixed = Math.imul(Math.imul(last, 0x9e3779b1) ^ before ^ port, 0x85ebca6b);
  return mixed >>> 12;
}
