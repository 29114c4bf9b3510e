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
      onError: (code) => {
        if (refusals.has(code)) events.onRefused();
        else events.onFailed(Object.assign(new Error(code), { code }));
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
 */
export function driveSockets(sockets: ConnectedSockets): Disposable {
  const turn = (): void => {
    next = setImmediate(turn);
    for (let turns = 0, ready = sockets.turn(WAIT_MS); ready > 0 && turns < TURNS; turns++)
      ready = sockets.turn(0);
  };
  let next = setImmediate(turn);
  return {
    [Symbol.dispose]: () => {
      clearImmediate(next);
    },
  };
}
