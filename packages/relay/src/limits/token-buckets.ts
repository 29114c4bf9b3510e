import type { Region, SectionPlan } from "@udp-relay/atomics-layout";
import { peek, type Words } from "@udp-relay/atomics-layout/memory";

/** Buckets that a key may stand in: one cache line of pairs. */
const WAYS = 8;
const PAIR_BYTES = 8;
const LINE_BYTES = WAYS * PAIR_BYTES;
/** Races that are lost before a token is refused: each was won by a taker of the same line. */
const TRIES = 16;

/**
 * How much older a taker's time may be than that of another who took before: a thread reads the clock once a batch, and
 * may be held up then.
 */
const LATE_MICROS = 2 ** 22;

/** How fast a bucket fills, in microseconds. */
export interface BucketRate {
  /** Until one more token; at least 1. */
  readonly tokenMicros: number;
  /** Until an empty bucket is full: its size times `tokenMicros`. Below 2^31. */
  readonly fullMicros: number;
}

/** `perMinute` (up to a million) at once and as many a minute; undefined lets nobody pass. */
export function ratePerMinute(perMinute: number): BucketRate | undefined {
  return perMinute === 0 ? undefined : rateOf(perMinute, 60e6);
}

/** `perSecond` (up to a million) at once and as many a second; undefined is no limit. */
export function ratePerSecond(perSecond: number): BucketRate | undefined {
  return perSecond === 0 ? undefined : rateOf(perSecond, 1e6);
}

/** Whole microseconds, so that nothing is lost or won by rounding: at 300 a second that is 300.03. */
function rateOf(tokens: number, inMicros: number): BucketRate {
  const tokenMicros = Math.floor(inMicros / tokens);
  return { tokenMicros, fullMicros: tokens * tokenMicros };
}

/**
 * Token buckets by key in shared memory, in a table of fixed size: eight buckets a line,
 *
 *     | key 0 | full at | key 1 | full at | … | key 7 | full at |      each pair changes by one compare-and-swap
 *
 * 'Full at' is when the bucket will be full again (the generic cell rate algorithm, ITU-T I.371 annex A), so that no
 * sweep is needed. A bucket that is full again holds no news: a newcomer takes its place. While all eight of a line
 * are in use a newcomer gets no token and the old ones keep theirs. Keys are 32-bit keyed hashes, 0 excluded; two
 * keys that are equal share a bucket.
 *
 * The clock is a u32 of microseconds: a bucket that was not used for 71 minutes may read as less than full once.
 */
export class TokenBuckets {
  readonly #region: Region;
  readonly #words: Words;
  readonly #byteOffset: number;
  readonly #lineMask: number;

  /** @param buckets rounded up to a power of two of at least one line */
  static section(name: string, buckets: number): SectionPlan {
    const lines = 2 ** Math.ceil(Math.log2(Math.max(1, buckets / WAYS)));
    return { name, byteLength: lines * LINE_BYTES };
  }

  constructor(region: Region, section: string) {
    const { byteOffset, byteLength } = region.section(section);
    this.#region = region;
    this.#words = region.words;
    this.#byteOffset = byteOffset;
    this.#lineMask = byteLength / LINE_BYTES - 1;
  }

  get capacity(): number {
    return (this.#lineMask + 1) * WAYS;
  }

  /**
   * Takes tokens of a key's bucket at `now`, u32 microseconds, all or none; false when there are fewer.
   *
   * Concurrency: any thread, as many at once as you like; lock-free, at most 16 lost races, allocates nothing. Two
   * threads that bring in the same key when the line changes under them may make it two buckets: one burst more.
   */
  take(hash: number, now: number, rate: BucketRate, tokens = 1): boolean {
    const { ops } = this.#region;
    const words = this.#words;
    const micros = rate.tokenMicros * tokens;
    const key = hash | 0 || 1;
    const line = this.#byteOffset + (key & this.#lineMask) * LINE_BYTES;
    for (let tries = 0; tries < TRIES; tries++) {
      // Plainly at first, which is cheaper: no swap succeeds on what was read torn or late, and nobody is refused by it.
      const plain = tries === 0;
      let place = -1;
      let placeKey = 0;
      let placeFullAt = 0;
      let waitMicros = 0;
      for (let at = line; at < line + LINE_BYTES; at += PAIR_BYTES) {
        const found = plain ? peek(words, at >> 2) : ops.loadPair(at);
        const fullAt = plain ? peek(words, (at >> 2) + 1) : ops.pairHigh();
        const untilFull = microsUntilFull(fullAt, now, rate);
        const isIt = found === key;
        if (!isIt && (place >= 0 || (found !== 0 && untilFull > 0))) continue;
        place = at;
        placeKey = found;
        placeFullAt = fullAt;
        waitMicros = isIt ? untilFull : 0;
        if (isIt) break;
      }
      if (place < 0 || waitMicros + micros > rate.fullMicros) {
        if (plain) continue;
        return false;
      }
      const next = (now + waitMicros + micros) | 0;
      if (ops.casPair(place, placeKey, placeFullAt, key, next) === 1) return true;
    }
    return false;
  }
}

/**
 * More than `fullMicros` for a bucket that a taker of a later time has emptied. 0 also for a stamp that no bucket of this
 * rate could have: it is from before the wrap.
 */
function microsUntilFull(fullAt: number, now: number, rate: BucketRate): number {
  const micros = (fullAt - now) | 0;
  return micros > 0 && micros <= rate.fullMicros + LATE_MICROS ? micros : 0;
}
