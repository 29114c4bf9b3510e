import type { HashKeys } from "@udp-relay/atomics-layout";
import type { LimitHash } from "./limit-hash.ts";
import { type BucketRate, ratePerSecond, type TokenBuckets } from "./token-buckets.ts";

/** Pairs that a thread keeps accounts of; a power of two. */
const ACCOUNTS = 8_192;
/** Datagrams that a thread lets pass before it pays for them … */
const MOST_UNPAID = 15;
/** … or fewer, where the cap is low: the caps of all threads together stay within some percent. */
const UNPAID_SHARE = 64;
/** A debt that was made at less than this part of the cap is forgotten when another pair needs the account. */
const FORGOTTEN_SHARE = 16;

/** An account is one quarter of a cache line: the pair, what it owes, and since when (u32 microseconds). */
const ACCOUNT_WORDS = 4;
const SENDER = 0;
const RECEIVER = 1;
const UNPAID = 2;
const SINCE = 3;

/**
 * The cap on datagrams from one client to one other each second, which all threads share: a loop between relays, or a
 * flood, ends here. The bucket of a pair is in shared memory; a thread pays it for up to 16 datagrams at once, so that a
 * datagram mostly costs a look at the thread's own account.
 *
 * Each thread may let 15 more pass than the cap, once, and none where the cap is below 128 a second. A newcomer gets the
 * account of a pair that pays its debt, or made it slowly: what is forgotten is less than a 16th of the cap, so that pairs
 * that share an account gain no more than that, and tens of thousands of slow pairs cost no bucket a look.
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
      return this.#open(account, sender, receiver, now, rate);
    }
    const unpaid = accounts[account + UNPAID]!;
    if (unpaid < most) {
      accounts[account + UNPAID] = unpaid + 1;
      return true;
    }
    if (!this.#pay(sender, receiver, unpaid + 1, now, rate)) return this.#pay(sender, receiver, 1, now, rate);
    accounts[account + UNPAID] = 0;
    accounts[account + SINCE] = now;
    return true;
  }

  /** The account's pair settles what it owes, and makes room; if it cannot, the newcomer pays at once. */
  #open(account: number, sender: number, receiver: number, now: number, rate: BucketRate): boolean {
    const accounts = this.#accounts;
    const unpaid = accounts[account + UNPAID]!;
    const slowly = (now - accounts[account + SINCE]!) >>> 0 >= FORGOTTEN_SHARE * unpaid * rate.tokenMicros;
    if (
      !slowly &&
      !this.#pay(accounts[account + SENDER]!, accounts[account + RECEIVER]!, unpaid, now, rate)
    ) {
      return this.#pay(sender, receiver, 1, now, rate);
    }
    accounts[account + SENDER] = sender;
    accounts[account + RECEIVER] = receiver;
    accounts[account + UNPAID] = 1;
    accounts[account + SINCE] = now;
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
