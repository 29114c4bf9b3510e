import type { Endpoint } from "@udp-relay/address-validation";
import { createRegion, type Region, type SectionPlan } from "@udp-relay/atomics-layout";
import { LimitHash } from "./limit-hash.ts";
import { type BucketRate, ratePerSecond, TokenBuckets } from "./token-buckets.ts";

const SECTION = "prefix rates";
/** Address prefixes that are remembered at once; one that uses none of its rate needs no memory. */
const PREFIXES = 16_384;

/**
 * So many datagrams a second from one IPv4 address or one IPv6 /64, whatever ports they come from: a client that is
 * limited by its endpoint would only have to change its port. 128 KiB, whatever comes; threads may share them.
 *
 * Concurrency: one object a thread.
 */
export class PrefixRate {
  readonly #buckets: TokenBuckets;
  readonly #hash: LimitHash;
  readonly #rate: BucketRate;

  static section(): SectionPlan {
    return TokenBuckets.section(SECTION, PREFIXES);
  }

  /** For one thread alone. Undefined for no limit. */
  static alone(perSecond: number): PrefixRate | undefined {
    const sections = [PrefixRate.section()];
    return PrefixRate.of(
      createRegion({ name: "udp-relay prefix rates", hash: 1, capacity: 1, sections }),
      perSecond,
    );
  }

  /**
   * By the buckets of a region that has the section. Undefined for no limit.
   *
   * @param perSecond and as many at once, rounded up; 0, or more than a million: no limit
   */
  static of(region: Region, perSecond: number): PrefixRate | undefined {
    const rate = perSecond > 1e6 ? undefined : ratePerSecond(Math.ceil(perSecond));
    return rate === undefined ? undefined : new PrefixRate(region, rate);
  }

  private constructor(region: Region, rate: BucketRate) {
    this.#buckets = new TokenBuckets(region, SECTION);
    this.#hash = new LimitHash(region.hashKeys);
    this.#rate = rate;
  }

  /**
   * Takes one of the prefix's datagrams; false when there is none left. Allocates nothing.
   *
   * @param nowMs of a clock that all threads share
   */
  take(source: Endpoint, nowMs: number): boolean {
    return this.#buckets.take(this.#hash.ofPrefix(source), (nowMs * 1_000) | 0, this.#rate);
  }
}
