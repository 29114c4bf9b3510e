import type { AddressPolicy, Endpoint } from "@udp-relay/address-validation";

const ENTRIES = 4_096;

/**
 * A policy's verdicts on senders. Those it accepted are known again by their endpoint objects: a transport gives the same
 * one for the same peer nearly always. Neither a policy nor a frozen endpoint ever changes, so that such a verdict stays
 * true. Of an endpoint that is not frozen, and by a policy of a class of the program's own, each datagram is judged.
 *
 * Direct-mapped, so that it cannot grow: at most 4,096 endpoints. Refused senders push nobody out.
 *
 * Concurrency: the relay's thread.
 */
export class AcceptedSenders {
  readonly #accepted = new Array<Endpoint | undefined>(ENTRIES).fill(undefined);
  #policy: AddressPolicy | undefined;
  #remembers = false;

  /** As `policy.judge(source)`; another policy than the last one begins anew. */
  judge(policy: AddressPolicy, source: Endpoint): number {
    if (policy !== this.#policy) this.#begin(policy);
    const index = placeOf(source);
    if (this.#accepted[index] === source) return 0;
    const verdict = policy.judge(source);
    if (verdict === 0 && this.#remembers && Object.isFrozen(source)) this.#accepted[index] = source;
    return verdict;
  }

  #begin(policy: AddressPolicy): void {
    this.#policy = policy;
    this.#remembers = isImmutable(policy);
    this.#accepted.fill(undefined);
  }
}

/**
 * Whether the policy is an `AddressPolicy` itself, of no class derived from it and without a `judge` of its own. (Told by
 * its shape: to import the class would bring all its rules along where no policy is used.)
 */
function isImmutable(policy: AddressPolicy): boolean {
  const prototype = Object.getPrototypeOf(policy) as object;
  const isDerived = Object.getPrototypeOf(prototype) !== Object.prototype;
  return !isDerived && Object.hasOwn(prototype, "judgeRinfo") && !Object.hasOwn(policy, "judge");
}

function placeOf({ a1, a3, port }: Endpoint): number {
  const mixed = Math.imul(a3 ^ Math.imul(a1, 0x85ebca6b), 0x9e3779b1);
  return ((mixed >>> 16) ^ mixed ^ port) & (ENTRIES - 1);
}
