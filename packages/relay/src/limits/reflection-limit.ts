import type { Endpoint } from "@udp-relay/address-validation";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { AmplificationBudget } from "./amplification-budget.ts";

/**
 * How long a thread believes that a client is confirmed without looking again. Shorter than the shortest timeout: within it
 * an id cannot move to another endpoint and back to one that was confirmed before.
 */
const BELIEF_MS = 500;

/**
 * The amplification budget of a table's clients. What this thread saw to be confirmed it does not look up again for half a
 * second: that is nearly every datagram.
 *
 * Endpoints are the table's objects, so that one that moved is another object. Concurrency: one object a thread, in a guard
 * of the client table.
 */
export class ReflectionLimit {
  readonly #budget: AmplificationBudget;
  readonly #clients: TunnelClientTable;
  /** By slot: which client was confirmed, at which endpoint, when. */
  readonly #handles: Float64Array;
  readonly #ticks: Int32Array;
  readonly #endpoints: (Endpoint | undefined)[];

  constructor(budget: AmplificationBudget, clients: TunnelClientTable, slots: number) {
    this.#budget = budget;
    this.#clients = clients;
    this.#handles = new Float64Array(slots);
    this.#ticks = new Int32Array(slots);
    this.#endpoints = new Array<Endpoint | undefined>(slots).fill(undefined);
  }

  /** A datagram of the client came in from its endpoint, at `tick`, u32 ms. */
  received(slot: number, endpoint: Endpoint, tick: number): void {
    const handle = this.#clients.handle(slot);
    if (!this.#believes(slot, handle, endpoint, tick)) this.#budget.received(slot, handle);
  }

  /** Whether `length` more bytes may be sent to the client; they count as sent. */
  spend(slot: number, endpoint: Endpoint, length: number, tick: number): boolean {
    const handle = this.#clients.handle(slot);
    if (this.#believes(slot, handle, endpoint, tick)) return true;
    if (!this.#budget.isConfirmed(slot, handle)) {
      return this.#budget.spend(slot, handle, length, this.#bytesReceived);
    }
    this.#handles[slot] = handle;
    this.#ticks[slot] = tick;
    this.#endpoints[slot] = endpoint;
    return true;
  }

  /** The client is at another endpoint from now on, which has not answered yet. */
  rebound(slot: number): void {
    this.#endpoints[slot] = undefined;
    this.#budget.rebound(slot, this.#clients.handle(slot));
  }

  #believes(slot: number, handle: number, endpoint: Endpoint, tick: number): boolean {
    return (
      this.#endpoints[slot] === endpoint &&
      this.#handles[slot] === handle &&
      (tick - this.#ticks[slot]!) >>> 0 < BELIEF_MS
    );
  }

  readonly #bytesReceived = (slot: number): number => {
    const clients = this.#clients;
    return clients.snapshotOf(clients.handle(slot))?.bytesReceived ?? 0;
  };
}
