import type { HashKeys } from "@udp-relay/atomics-layout";
import type { LimitHash } from "./limit-hash.ts";
import { type BucketRate, ratePerSecond, type TokenBuckets } from "./token-buckets.ts";

/** Pairs that a thread keeps accounts of; a power of two. Others pay at once. */
const ACCOUNTS = 8_192;
/** Datagrams that a thread lets pass before it pays for them … */
const MOST_UNPAID = 15;
/** … or fewer, where the cap is low: the caps of all threads together stay within some percent. */
const UNPAID_SHARE = 64;

/**
 * The cap on datagrams from one client to one other each second, which all threads share: a loop between relays, or a
 * flood, ends here. The bucket of a pair is in shared memory; a thread pays it for up to 16 datagrams at once, so that a
 * datagram mostly costs a look at the thread's own account.
 *
 * Each thread may let 15 more pass than the cap, once, and none where the cap is below 128 a second. An account is given to
 * another pair only when it is paid, so that pairs that share one gain nothing.
 *
 * Concurrency: one object a thread; the buckets are shared.
 */
export class PairCap {
  readonly #buckets: TokenBuckets;
  readonly #hash: LimitHash;
  readonly #senderKey: number;
  readonly #receiverKey: number;
  readonly #senders = new Int32Array(ACCOUNTS);
  readonly #receivers = new Int32Array(ACCOUNTS);
  readonly #unpaid = new Uint8Array(ACCOUNTS);
  #rate: BucketRate | undefined;
  #mostUnpaid = 0;

  constructor(buckets: TokenBuckets, hash: LimitHash, keys: HashKeys, perSecond: number) {
    this.#buckets = buckets;
    this.#hash = hash;
    this.#senderKey = keys[2];
    this.#receiverKey = keys[3];
    this.configure(perSecond);
  }

  /** @param perSecond 0: no cap */
  configure(perSecond: number): void {
    this.#rate = ratePerSecond(perSecond);
    this.#mostUnpaid = Math.max(0, Math.min(MOST_UNPAID, Math.floor(perSecond / UNPAID_SHARE) - 1));
    this.#unpaid.fill(0);
  }

  /** Whether a datagram of that pair may pass at `now`, u32 microseconds; it counts as passed. */
  pass(sender: number, receiver: number, now: number): boolean {
    const rate = this.#rate;
    if (rate === undefined) return true;
    const most = this.#mostUnpaid;
    if (most === 0) return this.#pay(sender, receiver, 1, now, rate);
    const account = this.#accountOf(sender, receiver);
    const unpaid = this.#unpaid[account]!;
    if (this.#senders[account] === (sender | 0) && this.#receivers[account] === (receiver | 0)) {
      if (unpaid < most) {
        this.#unpaid[account] = unpaid + 1;
        return true;
      }
      if (!this.#pay(sender, receiver, unpaid + 1, now, rate))
        return this.#pay(sender, receiver, 1, now, rate);
      this.#unpaid[account] = 0;
      return true;
    }
    return this.#open(account, sender, receiver, now, rate);
  }

  /** The account's pair pays what it owes, and makes room. */
  #open(account: number, sender: number, receiver: number, now: number, rate: BucketRate): boolean {
    const unpaid = this.#unpaid[account]!;
    if (unpaid > 0) {
      if (!this.#pay(this.#senders[account]!, this.#receivers[account]!, unpaid, now, rate)) {
        return this.#pay(sender, receiver, 1, now, rate);
      }
      this.#unpaid[account] = 0;
    }
    if (!this.#pay(sender, receiver, 1, now, rate)) return false;
    this.#senders[account] = sender;
    this.#receivers[account] = receiver;
    return true;
  }

  #pay(sender: number, receiver: number, tokens: number, now: number, rate: BucketRate): boolean {
    return this.#buckets.take(this.#hash.ofPair(sender, receiver), now, rate, tokens);
  }

  #accountOf(sender: number, receiver: number): number {
    const mixed =
      Math.imul(sender ^ this.#senderKey, 0x9e3779b1) ^ Math.imul(receiver ^ this.#receiverKey, 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & (ACCOUNTS - 1);
  }
}
