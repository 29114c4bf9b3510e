import { formatAddress, isIPv4 } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";

/** Log2 of the entries. */
const BITS = 14;

/**
 * The address text that a socket API wants, cached by address: two-way, so that it cannot grow, and compared in
 * full, so that a collision costs a formatting and never a wrong destination.
 */
export class DestinationText {
  readonly #mapIPv4: boolean;
  readonly #endpoints = new Array<Endpoint | undefined>(1 << BITS).fill(undefined);
  readonly #texts = new Array<string>(1 << BITS).fill("");

  /** @param mapIPv4 whether IPv4 is written as `::ffff:a.b.c.d`, as a dual-stack socket wants it */
  constructor(mapIPv4: boolean) {
    this.#mapIPv4 = mapIPv4;
  }

  of(endpoint: Endpoint): string {
    // Fibonacci hashing (Knuth, TAOCP 3, 6.4): the high bits of the product are the well mixed ones.
    const index = Math.imul(endpoint.a3 ^ (endpoint.a1 << 7) ^ endpoint.a2, 0x9e37_79b1) >>> (32 - BITS);
    const first = this.#endpoints[index];
    if (first !== undefined && sameAddress(first, endpoint)) return this.#texts[index]!;
    return this.#second(endpoint, index);
  }

  /** The other place of the pair; what is found or made there moves to the first one. */
  #second(endpoint: Endpoint, index: number): string {
    const other = index ^ 1;
    const second = this.#endpoints[other];
    let text = this.#texts[other]!;
    if (second === undefined || !sameAddress(second, endpoint)) {
      text = formatAddress(endpoint);
      if (this.#mapIPv4 && isIPv4(endpoint)) text = `::ffff:${text}`;
    }
    this.#endpoints[other] = this.#endpoints[index];
    this.#texts[other] = this.#texts[index]!;
    this.#endpoints[index] = endpoint;
    this.#texts[index] = text;
    return text;
  }
}

function sameAddress(a: Endpoint, b: Endpoint): boolean {
  return a === b || (a.a3 === b.a3 && a.a2 === b.a2 && a.a1 === b.a1 && a.a0 === b.a0 && a.zone === b.zone);
}
