import type { Endpoint } from "@udp-relay/address-validation";
import { isIPv4 } from "@udp-relay/address-validation";

const MS_PER_MINUTE = 60_000;
/** Sums of a fractional token time may exceed the minute by rounding. */
const ROUNDING_MS = 1e-3;

/**
 * A token bucket for each address prefix (IPv4 address, IPv6 /64): at most `perMinute` pings are answered at
 * once, and as many a minute from then on.
 *
 * The table is bounded. A bucket that has filled up again holds no news and is forgotten first; while every
 * bucket is in use a new prefix gets no answer, and the old ones keep theirs.
 */
export class PingBuckets {
  readonly #perMinute: number;
  readonly #capacity: number;
  /** By prefix: the tick at which the bucket is full again. Oldest insertion first. */
  readonly #fullAt = new Map<number | bigint, number>();

  /**
   * @param perMinute tokens a minute and a bucket's size, 0 answers nobody
   * @param capacity prefixes that are remembered at once
   */
  constructor(perMinute: number, capacity = 65_536) {
    this.#perMinute = perMinute;
    this.#capacity = capacity;
  }

  /** Prefixes remembered now. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** Takes one token of `endpoint`'s prefix at `nowMs`, a monotonic time; false when it has none left. */
  take(endpoint: Endpoint, nowMs: number): boolean {
    if (this.#perMinute === 0) return false;
    const key = isIPv4(endpoint)
      ? endpoint.a3 >>> 0
      : (1n << 64n) | (BigInt(endpoint.a0 >>> 0) << 32n) | BigInt(endpoint.a1 >>> 0);
    const tokenMs = MS_PER_MINUTE / this.#perMinute;
    const known = this.#fullAt.get(key);
    const fullAt = Math.max(known ?? nowMs, nowMs) + tokenMs;
    if (fullAt - nowMs > MS_PER_MINUTE + ROUNDING_MS) return false;
    if (known === undefined && this.#fullAt.size >= this.#capacity && !this.#forgetFull(nowMs)) return false;
    this.#fullAt.set(key, fullAt);
    return true;
  }

  /** Forgets buckets that are full again, a few at a time, so that no single ping pays for a whole sweep. */
  #forgetFull(nowMs: number): boolean {
    let looks = 8;
    for (const [key, fullAt] of this.#fullAt) {
      if (fullAt <= nowMs) {
        this.#fullAt.delete(key);
        return true;
      }
      // Move it behind: the next look starts where this one ended.
      this.#fullAt.delete(key);
      this.#fullAt.set(key, fullAt);
      if (--looks === 0) return false;
    }
    return false;
  }
}
