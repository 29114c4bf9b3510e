import { createSocket, type Socket } from "node:dgram";
import { type Endpoint, formatAddress, isIPv4 } from "@udp-relay/address-validation";
import type { DatagramBatch } from "@udp-relay/adapters";
import type { OpenUpstream, Upstream, UpstreamEvents } from "./upstream.ts";

/** Datagrams that wait for the socket to be connected, which takes one turn of the event loop. */
const WAITING_DATAGRAMS = 16;
/** Datagrams that libuv may hold for one session while the kernel takes none. */
const QUEUED_DATAGRAMS = 64;

/** What an ICMP error of the backend's host, or of a router on the way to it, comes out as. */
export const refusals: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * Connected UDP sockets: the kernel hands over the backend's datagrams only, and tells when nobody listens there. Each
 * is bound to a port of its own, never shared: a shared one gives a session another's replies.
 */
export const connectedUpstreams: OpenUpstream = (backend, events) => new ConnectedUpstream(backend, events);

class ConnectedUpstream implements Upstream {
  readonly #socket: Socket;
  readonly #events: UpstreamEvents;
  #waiting: Uint8Array[] | undefined = [];
  #closed = false;

  constructor(backend: Endpoint, events: UpstreamEvents) {
    const family = isIPv4(backend) ? 4 : 6;
    this.#events = events;
    this.#socket = createSocket({
      type: family === 4 ? "udp4" : "udp6",
      // Addresses are literals: without this dgram takes each through dns.lookup.
      lookup: (address, _options, callback) => callback(null, address, family),
    });
    this.#socket.on("message", (bytes: Uint8Array) => {
      if (!this.#closed) this.#events.onDatagram(bytes);
    });
    this.#socket.on("error", this.#onError);
    this.#socket.connect(backend.port, formatAddress(backend), this.#onConnected);
  }

  send(bytes: Uint8Array, stable: boolean): boolean {
    if (this.#closed) return false;
    if (this.#waiting !== undefined) {
      if (this.#waiting.length >= WAITING_DATAGRAMS) return false;
      this.#waiting.push(bytes.slice());
      return true;
    }
    if (this.#socket.getSendQueueCount() >= QUEUED_DATAGRAMS) return false;
    this.#socket.send(stable ? bytes : bytes.slice(), this.#onSent);
    return true;
  }

  forward(batch: DatagramBatch, index: number): boolean {
    return this.send(batch.bytes(index), batch.stable);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = undefined;
    this.#socket.close();
  }

  readonly #onConnected = (error?: Error): void => {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    if (this.#closed) return;
    if (error !== undefined) this.#events.onFailed(error);
    else for (const bytes of waiting) this.#socket.send(bytes, this.#onSent);
  };

  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#onError(error);
  };

  readonly #onError = (error: Error): void => {
    if (this.#closed) return;
    const { code } = error as NodeJS.ErrnoException;
    if (code !== undefined && refusals.has(code)) this.#events.onRefused();
    else if (this.#waiting !== undefined || code === undefined) this.#events.onFailed(error);
    // Anything else cost this one datagram (EMSGSIZE, EPERM, ENOBUFS).
  };
}
