import type { Region, SectionPlan } from "@udp-relay/atomics-layout";
import { add, load, store, type Words } from "@udp-relay/atomics-layout/memory";

const SECTION = "echoes";
/** Stamps remembered per client; at 30 datagrams a second that is half a second of them. */
const ENTRIES = 16;
const PAIR_BYTES = 8;
/** The count of forwarded stamps, then the entries. */
const HEAD_BYTES = 8;
const SLOT_BYTES = HEAD_BYTES + ENTRIES * PAIR_BYTES;

/**
 * When the relay forwarded which stamp to a client, so that the client's echo of it gives a round trip: the time
 * between forwarding the stamp and receiving its echo. The sender's worker forwards, the receiver's worker gets the
 * echo: the log is shared.
 *
 *     | stamps forwarded (u32), unused | stamp 0, when | stamp 1, when | … | stamp 15, when |     one a slot, µs
 *
 * An entry that reads 0, 0 was used or never written.
 */
export class SharedEchoLog {
  readonly #region: Region;
  readonly #words: Words;
  readonly #byteOffset: number;

  static section(slots: number): SectionPlan {
    return { name: SECTION, byteLength: Math.max(1, slots) * SLOT_BYTES };
  }

  /** Undefined where the region was made without. */
  static of(region: Region): SharedEchoLog | undefined {
    return region.section(SECTION).byteLength === SLOT_BYTES ? undefined : new SharedEchoLog(region);
  }

  constructor(region: Region) {
    this.#region = region;
    this.#words = region.words;
    this.#byteOffset = region.section(SECTION).byteOffset;
  }

  /** The slot has a new client. Concurrency: the thread that registered it. */
  forget(slot: number): void {
    const at = this.#byteOffset + slot * SLOT_BYTES;
    store(this.#words, at / 4, 0);
    for (let entry = 0; entry < ENTRIES; entry++) {
      this.#region.ops.storePair(at + HEAD_BYTES + entry * PAIR_BYTES, 0, 0);
    }
  }

  /** Concurrency: any thread, as many at once as you like; never waits. */
  forwarded(slot: number, stamp: number, atMicros: number): void {
    const at = this.#byteOffset + slot * SLOT_BYTES;
    const entry = (add(this.#words, at / 4, 1) >>> 0) % ENTRIES;
    this.#region.ops.storePair(at + HEAD_BYTES + entry * PAIR_BYTES, stamp | 0, atMicros | 0);
  }

  /**
   * Milliseconds since `stamp` was forwarded, or -1 when it is not remembered. Each forwarding counts once, the latest
   * of equal stamps first.
   *
   * Concurrency: any thread; never waits. Of two threads that report the same echo one gets the round trip.
   */
  echoed(slot: number, stamp: number, nowMicros: number): number {
    const { ops } = this.#region;
    const at = this.#byteOffset + slot * SLOT_BYTES;
    const next = load(this.#words, at / 4) >>> 0;
    for (let back = 1; back <= ENTRIES; back++) {
      const place = at + HEAD_BYTES + (((next - back) >>> 0) % ENTRIES) * PAIR_BYTES;
      const found = ops.loadPair(place);
      const forwardedAt = ops.pairHigh();
      if (found !== (stamp | 0) || (found === 0 && forwardedAt === 0)) continue;
      if (ops.casPair(place, found, forwardedAt, 0, 0) === 0) return -1;
      return ((nowMicros - forwardedAt) >>> 0) / 1000;
    }
    return -1;
  }
}
