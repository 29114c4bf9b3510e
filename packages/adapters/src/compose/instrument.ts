import type { RemoteInfo, Socket } from "node:dgram";
import type { Endpoint, RinfoLike } from "@udp-relay/address-validation";
import { endpointFromRinfo } from "@udp-relay/address-validation";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { ClientSnapshot, TunnelClientView } from "@udp-relay/tunnel-client";
import { SocketTap } from "./socket-tap.ts";

/** What `instrument` keeps of a socket's peers. */
export interface InstrumentOptions {
  /** Clients known at the same time, at most, 1 to 16 million; default 10,000. Traffic of others is in the totals only. */
  readonly capacity?: number | undefined;
  /** A client that sends nothing for so long is forgotten, 8..2^30 ms; default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Time constant of the rates, 16 ms to an hour; default 5,000 ms. */
  readonly timeConstantMs?: number | undefined;
}

/** All datagrams of a socket since it was instrumented. */
export interface SocketTotals {
  readonly receivedDatagrams: number;
  readonly receivedBytes: number;
  /** What `send` was given and did not refuse by throwing. */
  readonly sentDatagrams: number;
  readonly sentBytes: number;
  /** Of these, received while the table had no room, and sent to nobody's endpoint or to a host name. */
  readonly receivedFromStrangers: number;
  readonly sentToStrangers: number;
}

const SWEEP_INTERVAL_MS = 1_000;
const SWEEP_BUDGET = 10_000;

/**
 * Watches an existing `node:dgram` socket: what each peer sends and is sent, without a change to the program that
 * owns the socket. Every overload of `send` is counted, those of connected sockets too.
 *
 * After `[Symbol.dispose]()`, or when it has closed, the socket is as it was.
 *
 * @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION, ShardedMapError ERR_SHARDED_MAP_OPTION
 *
 * Concurrency: the socket's thread.
 */
export function instrument(socket: Socket, options: InstrumentOptions = {}): SocketStats {
  return new SocketStats(socket, options);
}

/**
 * What `instrument` gives. A client is whoever has sent a datagram to the socket within the timeout. Concurrency: the
 * socket's thread.
 */
export class SocketStats implements Disposable {
  readonly #clock = new CoarseClock();
  readonly #clients: TunnelClientTable;
  readonly #tap: SocketTap;
  readonly #sweeper: NodeJS.Timeout;
  #receivedDatagrams = 0;
  #receivedBytes = 0;
  #sentDatagrams = 0;
  #sentBytes = 0;
  #receivedFromStrangers = 0;
  #sentToStrangers = 0;
  #disposed = false;

  constructor(socket: Socket, options: InstrumentOptions = {}) {
    const { capacity = 10_000, timeoutMs = 30_000, timeConstantMs = 5_000 } = options;
    const clock = this.#clock;
    this.#clients = TunnelClientTable.create({ capacity, timeoutMs, timeConstantMs, key: "endpoint", clock });
    this.#tap = new SocketTap(socket, {
      received: (bytes, from) => {
        this.#received(bytes, from);
      },
      sent: (bytes, to) => {
        this.#sent(bytes, to);
      },
      closed: () => {
        this[Symbol.dispose]();
      },
    });
    this.#sweeper = setInterval(() => {
      this.#clients.sweep(this.#clock.update(), SWEEP_BUDGET);
    }, SWEEP_INTERVAL_MS);
    this.#sweeper.unref();
  }

  /** The peer with that address and port: one view for as long as it is known, undefined when it is not. */
  client(rinfo: RinfoLike): TunnelClientView | undefined {
    if (this.#disposed) return undefined;
    this.#clock.update();
    const guard = this.#clients.enter();
    try {
      const slot = this.#clients.findEndpoint(endpointFromRinfo(rinfo));
      return slot < 0 ? undefined : this.#clients.client(this.#clients.handle(slot));
    } finally {
      guard.leave();
    }
  }

  /** Everything about every client, now. */
  clients(): ClientSnapshot[] {
    return this.#disposed ? [] : this.#clients.snapshot(this.#clock.update());
  }

  /** All datagrams since the socket was instrumented, those of no known client included. */
  totals(): SocketTotals {
    return {
      receivedDatagrams: this.#receivedDatagrams,
      receivedBytes: this.#receivedBytes,
      sentDatagrams: this.#sentDatagrams,
      sentBytes: this.#sentBytes,
      receivedFromStrangers: this.#receivedFromStrangers,
      sentToStrangers: this.#sentToStrangers,
    };
  }

  /** Leaves the socket as it was and forgets the clients; `totals` stay readable. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    clearInterval(this.#sweeper);
    this.#tap[Symbol.dispose]();
    this.#clients[Symbol.dispose]();
    this.#clock[Symbol.dispose]();
  }

  #received(bytes: number, from: RemoteInfo): void {
    this.#receivedDatagrams += 1;
    this.#receivedBytes += bytes;
    const tick = this.#clock.update();
    const guard = this.#clients.enter();
    try {
      const slot = this.#clients.fromRinfo(from, tick);
      if (slot < 0) this.#receivedFromStrangers += 1;
      else this.#clients.received(slot, bytes, tick);
    } finally {
      guard.leave();
    }
  }

  #sent(bytes: number, to: Endpoint | undefined): void {
    this.#sentDatagrams += 1;
    this.#sentBytes += bytes;
    const guard = this.#clients.enter();
    try {
      const slot = to === undefined ? -1 : this.#clients.findEndpoint(to);
      if (slot < 0) this.#sentToStrangers += 1;
      else this.#clients.sent(slot, bytes, this.#clock.update());
    } finally {
      guard.leave();
    }
  }
}
