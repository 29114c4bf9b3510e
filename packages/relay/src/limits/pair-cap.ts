import type { HashKeys } from "@udp-relay/atomics-layout";
import type { LimitHash } from "./limit-hash.ts";
import { type BucketRate, ratePerSecond, type TokenBuckets } from "./token-buckets.ts";

/** Pairs that a thread keeps accounts of; a power of two. */
const ACCOUNTS = 8_192;
/** Datagrams that a thread lets pass before it pays for them … */
const MOST_UNPAID = 15;
/** … or fewer, where the cap is low: the caps of all threads together stay within some percent. */
const UNPAID_SHARE = 64;
/** Datagrams of other pairs that an account lets pass in a second without a look at their buckets: this part of the cap. */
const STRANGERS_SHARE = 16;

/** An account is one quarter of a cache line: the pair, what it owes, and what of others passed in which second. */
const ACCOUNT_WORDS = 4;
const SENDER = 0;
const RECEIVER = 1;
const UNPAID = 2;
const STRANGERS = 3;
/** Seconds of 2^20 microseconds: the upper half of STRANGERS, the lower counts. */
const SECOND_BITS = 20;
const COUNT_BITS = 16;
const COUNT_MASK: number = 2 ** COUNT_BITS - 1;

/**
 * The cap on datagrams from one client to one other each second, which all threads share: a loop between relays, or a
 * flood, ends here. The bucket of a pair is in shared memory; a thread pays it for up to 16 datagrams at once, so that a
 * datagram mostly costs a look at the thread's own account.
 *
 * Each thread may let 15 more pass than the cap, once, and none where the cap is below 128 a second. Pairs that share an
 * account with another's together pass up to a 16th of the cap each second unpaid, so that a million slow pairs cost no
 * bucket a look; beyond that the next one takes the account over, and the pair that had it pays its debt.
 *
 * Concurrency: one object a thread; the buckets are shared.
 */
export class PairCap {
  readonly #buckets: TokenBuckets;
  readonly #hash: LimitHash;
  readonly #senderKey: number;
  readonly #receiverKey: number;
  readonly #accounts = new Int32Array(ACCOUNTS * ACCOUNT_WORDS);
  #rate: BucketRate | undefined;
  #mostUnpaid = 0;
  #mostStrangers = 0;

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
    this.#mostStrangers = Math.min(COUNT_MASK, Math.floor(perSecond / STRANGERS_SHARE));
    this.#accounts.fill(0);
  }

  /** Whether a datagram of that pair may pass at `now`, u32 microseconds; it counts as passed. */
  pass(sender: number, receiver: number, now: number): boolean {
    const rate = this.#rate;
    if (rate === undefined) return true;
    const most = this.#mostUnpaid;
    if (most === 0) return this.#pay(sender, receiver, 1, now, rate);
    const accounts = this.#accounts;
    const account = this.#accountOf(sender, receiver);
    if (accounts[account + SENDER] !== (sender | 0) || accounts[account + RECEIVER] !== (receiver | 0)) {
      return this.#passStranger(account, now) || this.#open(account, sender, receiver, now, rate);
    }
    const unpaid = accounts[account + UNPAID]!;
    if (unpaid < most) {
      accounts[account + UNPAID] = unpaid + 1;
      return true;
    }
    if (!this.#pay(sender, receiver, unpaid + 1, now, rate)) return this.#pay(sender, receiver, 1, now, rate);
    accounts[account + UNPAID] = 0;
    return true;
  }

  /** Whether a datagram that is not of the account's pair may pass without anything: its pair is a slow one, probably. */
  #passStranger(account: number, now: number): boolean {
    const accounts = this.#accounts;
    if (accounts[account + SENDER] === 0) return false;
    const strangers = accounts[account + STRANGERS]!;
    const second = (now >>> SECOND_BITS) << COUNT_BITS;
    const passed = (strangers ^ second) >>> COUNT_BITS === 0 ? strangers & COUNT_MASK : 0;
    if (passed >= this.#mostStrangers) return false;
    accounts[account + STRANGERS] = second | (passed + 1);
    return true;
  }

  /** The account's pair settles what it owes, and makes room; if it cannot, the newcomer pays at once. */
  #open(account: number, sender: number, receiver: number, now: number, rate: BucketRate): boolean {
    const accounts = this.#accounts;
    const unpaid = accounts[account + UNPAID]!;
    if (
      unpaid > 0 &&
      !this.#pay(accounts[account + SENDER]!, accounts[account + RECEIVER]!, unpaid, now, rate)
    ) {
      return this.#pay(sender, receiver, 1, now, rate);
    }
    accounts[account + SENDER] = sender;
    accounts[account + RECEIVER] = receiver;
    accounts[account + UNPAID] = 1;
    return true;
  }

  #pay(sender: number, receiver: number, tokens: number, now: number, rate: BucketRate): boolean {
    return this.#buckets.take(this.#hash.ofPair(sender, receiver), now, rate, tokens);
  }

  /** Where the pair's account begins. */
  #accountOf(sender: number, receiver: number): number {
    const mixed =
      Math.imul(sender ^ this.#senderKey, 0x9e3779b1) ^ Math.imul(receiver ^ this.#receiverKey, 0x85ebca6b);
    return ((mixed ^ (mixed >>> 15)) & (ACCOUNTS - 1)) * ACCOUNT_WORDS;
  }
}
