import type { DatagramBatch } from "@udp-relay/adapters";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { ProxySession } from "./proxy-session.ts";

/** Senders that are remembered at once, at most. */
const ENTRIES = 16_384;

/**
 * Which session a datagram's sender has. Who sends much is found by the words of his address, without an object for it and
 * with no more than one look at the shared table: whether his client is still in it. What is remembered is direct-mapped, so
 * that it cannot grow, whatever ports are tried, and compared in full. One thread.
 */
export class KnownSessions {
  readonly #clients: TunnelClientTable;
  readonly #sessions: readonly (ProxySession | undefined)[];
  readonly #recent = new Array<ProxySession | undefined>(ENTRIES).fill(undefined);

  /** @param sessions by slot of the table */
  constructor(clients: TunnelClientTable, sessions: readonly (ProxySession | undefined)[]) {
    this.#clients = clients;
    this.#sessions = sessions;
  }

  /** The sender's session, if this thread has one for him. Concurrency: in a guard, until whose end the slot is good. */
  find(batch: DatagramBatch, index: number): ProxySession | undefined {
    const entry = entryOf(batch.a1(index), batch.a3(index), batch.port(index));
    const recent = this.#recent[entry];
    if (recent !== undefined && isOf(recent, batch, index) && this.#clients.resolve(recent.handle) >= 0)
      return recent;
    const slot = this.#clients.findEndpoint(batch.endpoint(index));
    if (slot < 0) return undefined;
    const session = this.#sessions[slot];
    if (session?.handle !== this.#clients.handle(slot)) return undefined;
    return (this.#recent[entry] = session);
  }

  /** The session has ended. */
  forget(session: ProxySession): void {
    const { a1, a3, port } = session.client;
    const entry = entryOf(a1, a3, port);
    if (this.#recent[entry] === session) this.#recent[entry] = undefined;
  }
}

function isOf({ client }: ProxySession, batch: DatagramBatch, index: number): boolean {
  return (
    client.port === batch.port(index) &&
    client.a3 === batch.a3(index) &&
    client.a2 === batch.a2(index) &&
    client.a1 === batch.a1(index) &&
    client.a0 === batch.a0(index) &&
    client.zone === batch.zone(index)
  );
}

function entryOf(a1: number, a3: number, port: number): number {
  return (Math.imul(a3 ^ Math.imul(a1, 0x85ebca6b), 0x9e3779b1) ^ port) & (ENTRIES - 1);
}
