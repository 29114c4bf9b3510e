import { AddressError } from "./address-validation-error.ts";
import { isPort } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { parseAddress, tryParseAddress } from "./parse-endpoint.ts";

/** What `node:dgram` hands to a `message` listener, as far as it is read here. */
export interface RinfoLike {
  readonly address: string;
  readonly port: number;
}

const DEFAULT_CAPACITY = 16_384;

/**
 * A direct-mapped cache from address text and port to a frozen endpoint. A collision replaces the entry and
 * never changes the endpoint that was handed out; a miss costs one parse. Nobody can make it grow, and the
 * worst that chosen addresses can do is make every look-up a miss.
 */
export class RinfoCache {
  readonly capacity: number;
  readonly #texts: string[];
  readonly #endpoints: (Endpoint | undefined)[];
  readonly #mask: number;

  /**
   * @param capacity entries, a power of two of 1..1048576
   * @throws AddressError ERR_ADDRESS_CACHE
   */
  constructor(capacity: number = DEFAULT_CAPACITY) {
    if (!(
      Number.isInteger(capacity) &&
      capacity >= 1 &&
      capacity <= 1 << 20 &&
      (capacity & (capacity - 1)) === 0
    )) {
      throw new AddressError("ERR_ADDRESS_CACHE", `capacity ${capacity} is not a power of two of 1..1048576`);
    }
    this.capacity = capacity;
    this.#mask = capacity - 1;
    this.#texts = new Array<string>(capacity).fill("");
    this.#endpoints = new Array<Endpoint | undefined>(capacity).fill(undefined);
  }

  /**
   * The endpoint of an address in text and a port, or undefined when either is malformed. Never throws.
   */
  find(address: string, port: number): Endpoint | undefined {
    const index = port & this.#mask;
    const cached = this.#endpoints[index];
    if (cached !== undefined && cached.port === port && this.#texts[index] === address) return cached;
    if (typeof address !== "string" || !isPort(port)) return undefined;
    const endpoint = tryParseAddress(address, port);
    if (endpoint === undefined) return undefined;
    this.#texts[index] = address;
    this.#endpoints[index] = endpoint;
    return endpoint;
  }
}

let threadCache: RinfoCache | undefined;

/** `RinfoCache.find` in this thread's own cache. */
export function findRinfo(address: string, port: number): Endpoint | undefined {
  threadCache ??= new RinfoCache();
  return threadCache.find(address, port);
}

/**
 * The endpoint of a datagram's sender, through this thread's own cache of 16,384 entries.
 *
 * @throws AddressError when `rinfo` does not hold an address and a port; what a socket reports always does
 */
export function endpointFromRinfo(rinfo: RinfoLike): Endpoint {
  return findRinfo(rinfo.address, rinfo.port) ?? parseAddress(rinfo.address, rinfo.port);
}
