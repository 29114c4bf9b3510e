import { reasonName } from "@udp-relay/address-validation";
import type { ProtocolDropReason } from "../protocol/protocol.ts";

/** Why the relay itself drops a datagram; the transport and the address policy have reasons of their own. */
export type RelayDropReason =
  | ProtocolDropReason
  /** The protocol's `read` or `measure` threw. */
  | "protocolThrew"
  /** A live client's id from another endpoint. */
  | "idTaken"
  | "tableFull"
  | "prefixFull"
  | "maintenance"
  /** The table refused for the moment: a shard or an endpoint was being changed by another thread. */
  | "busy"
  | "unknownReceiver"
  /** Sender and receiver are behind one endpoint: it would come straight back. */
  | "sameEndpoint"
  | "pingLimit"
  | "commandRefused";

/** What one thread's relay counted. Plain numbers, exact up to 2^53. */
export class RelayCounters {
  received = 0;
  receivedBytes = 0;
  forwarded = 0;
  forwardedBytes = 0;
  registrations = 0;
  pings = 0;
  commands = 0;
  readonly #drops = new Map<RelayDropReason, number>();
  readonly #addressDrops = new Map<number, number>();

  drop(reason: RelayDropReason): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }

  /** A source that the policy refuses, by the policy's code. */
  dropAddress(code: number): void {
    this.#addressDrops.set(code, (this.#addressDrops.get(code) ?? 0) + 1);
  }

  /** Drops by name; the policy's reasons are prefixed with `address:`. */
  drops(): Record<string, number> {
    const named = [...this.#addressDrops].map(([code, n]) => [`address:${reasonName(code)}`, n] as const);
    return Object.fromEntries([...this.#drops, ...named]);
  }
}
