import type { Region, SectionPlan } from "@udp-relay/atomics-layout";

const SECTION = "budgets";
const PAIR_BYTES = 8;

/** RFC 9000 section 8.1: an unvalidated address is sent at most three times what came from it … */
const FACTOR = 3;
/** … or this much: a legal receiver registers with 8 bytes and then gets whole packets. */
const LEAST_BYTES = 4_096;
/** It has answered since something was first forwarded to it: whoever it is, it is there. */
const CONFIRMED = -1;
/** Its id has moved to another endpoint, to which nothing was forwarded yet. */
const REBOUND = -2;
/** Races that are lost before a datagram is dropped. */
const TRIES = 16;

/**
 * How much an unconfirmed client may be sent: until it has sent something after the first datagram was forwarded to
 * it, at most max(3 x its bytes, 4 KiB), whoever's address it registered from. One pair a slot:
 *
 *     | life of the slot | -1: confirmed, -2: rebound, else bytes that may still be sent to it |
 *
 * A slot's life that is not the pair's is one to which nothing was forwarded yet.
 *
 * Limit: a thread that has found a datagram to be from the client's endpoint, and then stands still while another thread
 * rebinds the id and a third forwards to the new endpoint, confirms that one by the old one's datagram.
 */
export class AmplificationBudget {
  readonly #region: Region;
  readonly #byteOffset: number;

  static section(slots: number): SectionPlan {
    return { name: SECTION, byteLength: slots * PAIR_BYTES };
  }

  constructor(region: Region) {
    this.#region = region;
    this.#byteOffset = region.section(SECTION).byteOffset;
  }

  /**
   * A datagram of the client came in: it is confirmed if something was forwarded to it before.
   *
   * Concurrency: in a guard of the client table, any thread; lock-free, one atomic read for a confirmed client.
   */
  received(slot: number, handle: number): void {
    const { ops } = this.#region;
    const at = this.#byteOffset + slot * PAIR_BYTES;
    const life = lifeOf(handle);
    for (let tries = 0; tries < TRIES; tries++) {
      const known = ops.loadPair(at);
      const left = ops.pairHigh();
      if (known !== life || left < 0) return;
      if (ops.casPair(at, life, left, life, CONFIRMED) === 1) return;
    }
  }

  /** Whether the client has answered since something was first forwarded to it. Concurrency: as `received`; one read. */
  isConfirmed(slot: number, handle: number): boolean {
    const { ops } = this.#region;
    return (
      ops.loadPair(this.#byteOffset + slot * PAIR_BYTES) === lifeOf(handle) && ops.pairHigh() === CONFIRMED
    );
  }

  /**
   * Whether `length` more bytes may be sent to the client; they count as sent.
   *
   * @param bytesReceived how much the client has sent so far; asked for only before the first datagram
   *
   * Concurrency: as `received`; threads that send at once never spend more than the budget together.
   */
  spend(slot: number, handle: number, length: number, bytesReceived: (slot: number) => number): boolean {
    const { ops } = this.#region;
    const at = this.#byteOffset + slot * PAIR_BYTES;
    const life = lifeOf(handle);
    for (let tries = 0; tries < TRIES; tries++) {
      const known = ops.loadPair(at);
      const left = ops.pairHigh();
      if (known === life && left === CONFIRMED) return true;
      const budget =
        known !== life ? firstBudget(bytesReceived(slot)) : left === REBOUND ? LEAST_BYTES : left;
      if (length > budget) return false;
      if (ops.casPair(at, known, left, life, budget - length) === 1) return true;
    }
    return false;
  }

  /**
   * The client is at another endpoint from now on, which has not answered yet: it starts with the least budget, since
   * what the old endpoint sent says nothing of the new one.
   *
   * Concurrency: as `received`.
   */
  rebound(slot: number, handle: number): void {
    this.#region.ops.storePair(this.#byteOffset + slot * PAIR_BYTES, lifeOf(handle), REBOUND);
  }
}

function firstBudget(bytesReceived: number): number {
  return Math.min(0x7fff_ffff, Math.max(LEAST_BYTES, FACTOR * bytesReceived));
}

/** A table's handles are generation x 2^24 + slot: of one slot, these 32 bits differ from life to life. Never 0. */
function lifeOf(handle: number): number {
  return (handle / 2 ** 20) | 0;
}
