import type { Endpoint } from "@udp-relay/address-validation";
import type { Clock } from "@udp-relay/clock";
import { createRegion } from "@udp-relay/atomics-layout";
import { LimitHash } from "./limit-hash.ts";
import { type BucketRate, ratePerMinute, TokenBuckets } from "./token-buckets.ts";

const SECTION = "addresses";
/** Address prefixes that are remembered at once. */
const PREFIXES = 16_384;

/**
 * So many requests a minute from one address, for services beside the tunnel: 128 KiB, whatever comes.
 *
 * An IPv6 /64 counts as one address.
 */
export class AddressRate {
  readonly #buckets: TokenBuckets;
  readonly #hash: LimitHash;
  readonly #clock: Clock;
  #rate: BucketRate | undefined;

  /** @param perMinute 0 lets nobody pass */
  constructor(perMinute: number, clock: Clock) {
    const region = createRegion({
      name: "udp-relay address rate",
      hash: 1,
      capacity: PREFIXES,
      sections: [TokenBuckets.section(SECTION, PREFIXES)],
    });
    this.#buckets = new TokenBuckets(region, SECTION);
    this.#hash = new LimitHash(region.hashKeys);
    this.#clock = clock;
    this.#rate = ratePerMinute(perMinute);
  }

  set perMinute(perMinute: number) {
    this.#rate = ratePerMinute(perMinute);
  }

  /** Takes one of the address's requests; false when there is none left. Allocates nothing. */
  take(source: Endpoint): boolean {
    if (this.#rate === undefined) return false;
    this.#clock.update();
    return this.#buckets.take(this.#hash.ofPrefix(source), this.#clock.recentMicros(), this.#rate);
  }
}
