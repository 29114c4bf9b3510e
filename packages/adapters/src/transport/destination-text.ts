import { formatAddress, isIPv4 } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";

const ENTRIES = 4_096;

/**
 * The address text that a socket API wants, cached by endpoint: direct-mapped, so that it cannot grow, and
 * compared in full, so that a collision costs a formatting and never a wrong destination.
 */
export class DestinationText {
  readonly #mapIPv4: boolean;
  readonly #endpoints = new Array<Endpoint | undefined>(ENTRIES).fill(undefined);
  readonly #texts = new Array<string>(ENTRIES).fill("");

  /** @param mapIPv4 whether IPv4 is written as `::ffff:a.b.c.d`, as a dual-stack socket wants it */
  constructor(mapIPv4: boolean) {
    this.#mapIPv4 = mapIPv4;
  }

  of(endpoint: Endpoint): string {
    const index = (endpoint.port ^ Math.imul(endpoint.a3, 0x9e3779b1) ^ endpoint.a1) & (ENTRIES - 1);
    const cached = this.#endpoints[index];
    if (cached === endpoint || (cached !== undefined && sameAddress(cached, endpoint))) {
      return this.#texts[index]!;
    }
    const text = formatAddress(endpoint);
    this.#endpoints[index] = endpoint;
    return (this.#texts[index] = this.#mapIPv4 && isIPv4(endpoint) ? `::ffff:${text}` : text);
  }
}

function sameAddress(a: Endpoint, b: Endpoint): boolean {
  return a.a3 === b.a3 && a.a2 === b.a2 && a.a1 === b.a1 && a.a0 === b.a0 && a.zone === b.zone;
}
