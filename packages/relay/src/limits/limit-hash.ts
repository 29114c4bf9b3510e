import { hashEndpoint, isIPv4, type Endpoint } from "@udp-relay/address-validation";
import type { HashKeys } from "@udp-relay/atomics-layout";

/**
 * Keyed hashes of what limits count by. One object a thread: it works in a scratch endpoint of its own. Nobody who does
 * not know the region's random keys can choose addresses or ids that share a bucket with somebody else's.
 */
export class LimitHash {
  readonly #scratch = { a0: 0, a1: 0, a2: 0, a3: 0, port: 0, zone: 0 };
  readonly #keys: HashKeys;

  constructor(keys: HashKeys) {
    this.#keys = keys;
  }

  /** Of an IPv4 address, or of an IPv6 /64, whatever the port. */
  ofPrefix(endpoint: Endpoint): number {
    const scratch = this.#scratch;
    const whole = isIPv4(endpoint);
    scratch.a0 = endpoint.a0;
    scratch.a1 = endpoint.a1;
    scratch.a2 = whole ? endpoint.a2 : 0;
    scratch.a3 = whole ? endpoint.a3 : 0;
    return hashEndpoint(scratch, this.#keys[0], this.#keys[1]);
  }

  /** Of an ordered pair of client ids. */
  ofPair(sender: number, receiver: number): number {
    const scratch = this.#scratch;
    scratch.a0 = sender | 0;
    scratch.a1 = receiver | 0;
    scratch.a2 = 0;
    scratch.a3 = 0;
    return hashEndpoint(scratch, this.#keys[2], this.#keys[3]);
  }
}
