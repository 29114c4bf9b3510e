import type { Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch } from "@udp-relay/adapters";
import type { ConnectedSocket, ConnectedSocketEvents, ConnectedSockets } from "@udp-relay/adapters/linux";
import { refusals } from "./connected-upstream.ts";
import type { OpenUpstream, Upstream, UpstreamEvents } from "./upstream.ts";

/** How long the thread waits in the kernel: what timers, signals and HTTP are late at most while nothing comes. */
const WAIT_MS = 10;
/** Turns of the sockets in a row, as long as some are ready. */
const TURNS = 8;

/**
 * Upstreams that are sockets of one epoll set: no object of the event loop for any of them, one system call a
 * datagram each way. They are driven by {@link driveSockets}.
 */
export function linuxUpstreams(sockets: ConnectedSockets): OpenUpstream {
  return (backend, events) => new LinuxUpstream(sockets, backend, events);
}

/** One object a session, and no closures: there are many. */
class LinuxUpstream implements Upstream, ConnectedSocketEvents {
  readonly #socket: ConnectedSocket;
  readonly #events: UpstreamEvents;

  constructor(sockets: ConnectedSockets, backend: Endpoint, events: UpstreamEvents) {
    this.#events = events;
    this.#socket = sockets.connect(backend, this);
  }

  send(bytes: Uint8Array): boolean {
    return this.#socket.send(bytes) === 0;
  }

  forward(batch: DatagramBatch, index: number): boolean {
    return this.#socket.forward(batch, index) === 0;
  }

  close(): void {
    this.#socket.close();
  }

  onDatagram(bytes: Uint8Array): void {
    this.#events.onDatagram(bytes);
  }

  /** Any other error cost one datagram (EMSGSIZE of a path that cannot carry it). */
  onError(code: string): void {
    if (refusals.has(code)) this.#events.onRefused();
  }
}

/**
 * Turns a set of sockets in the event loop: each turn waits in the kernel for 10 ms at most, and between two turns the
 * loop does whatever else there is. Dispose it to stop.
 *
 * @param onThrow is given what a callback threw; that datagram is lost, and nothing else
 */
export function driveSockets(sockets: ConnectedSockets, onThrow: (error: unknown) => void): Disposable {
  const turn = (): void => {
    next = setImmediate(turn);
    try {
      for (let turns = 0, ready = sockets.turn(WAIT_MS); ready > 0 && turns < TURNS; turns++)
        ready = sockets.turn(0);
    } catch (error) {
      onThrow(error);
    }
  };
  let next = setImmediate(turn);
  return {
    [Symbol.dispose]: () => {
      clearImmediate(next);
    },
  };
}
