import type { ConnectedSockets } from "@udp-relay/adapters/linux";
import { refusals } from "./connected-upstream.ts";
import type { OpenUpstream } from "./upstream.ts";

/** How long the thread waits in the kernel: what timers, signals and HTTP are late at most while nothing comes. */
const WAIT_MS = 10;
/** Turns of the sockets in a row, as long as some are ready. */
const TURNS = 8;

/**
 * Upstreams that are sockets of one epoll set: no object of the event loop for any of them, one system call a
 * datagram each way. They are driven by {@link driveSockets}.
 */
export function linuxUpstreams(sockets: ConnectedSockets): OpenUpstream {
  return (backend, events) => {
    const socket = sockets.connect(backend, {
      onDatagram: (bytes) => {
        events.onDatagram(bytes);
      },
      // Any other error cost one datagram (EMSGSIZE of a path that cannot carry it).
      onError: (code) => {
        if (refusals.has(code)) events.onRefused();
      },
    });
    return {
      send: (bytes) => socket.send(bytes) === 0,
      close: () => {
        socket.close();
      },
    };
  };
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
