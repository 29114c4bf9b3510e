import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket } from "node:dgram";
import { endpointFromRinfo } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { AdapterError } from "../../adapter-error.ts";

/** What the event loop tells of a socket. */
export interface EventLoopEvents {
  /** The loop read a datagram itself. */
  first(bytes: Uint8Array, endpoint: Endpoint): void;
  /** All datagrams that the loop read were given to `first`; more may wait in the socket. */
  readable(): void;
  error(error: unknown): void;
}

/**
 * Readiness of a descriptor of ours: node:dgram polls it. It also reads, though, at least the first datagram of
 * a wake. libuv calls back for each one that it reads, so that the rest can be drained at once; Bun reads many,
 * then calls back for each of them, so that only its next turn knows that no older datagram is outstanding.
 */
export class EventLoopSocket {
  readonly #socket: Socket;
  readonly #events: EventLoopEvents;
  readonly #readsAhead = "bun" in process.versions;
  #turnScheduled = false;
  #closed = false;

  /**
   * Takes over the descriptor, which is closed with the socket; when this fails it stays the caller's.
   *
   * @throws AdapterError ERR_ADAPTER_BIND
   */
  static async bind(fd: number, ipv6: boolean, events: EventLoopEvents): Promise<EventLoopSocket> {
    const socket = createSocket(ipv6 ? "udp6" : "udp4");
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("error", reject);
        socket.bind({ fd, exclusive: true }, () => {
          socket.off("error", reject);
          resolve();
        });
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new AdapterError("ERR_ADAPTER_BIND", `node:dgram refused the socket: ${why}`, { cause });
    }
    return new EventLoopSocket(socket, events);
  }

  private constructor(socket: Socket, events: EventLoopEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on("message", this.#onMessage);
    socket.on("error", (error) => {
      events.error(error);
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => {
      this.#socket.close(() => {
        resolve();
      });
    });
  }

  readonly #onMessage = (bytes: Uint8Array, rinfo: RemoteInfo): void => {
    this.#events.first(bytes, endpointFromRinfo(rinfo));
    if (!this.#readsAhead) this.#events.readable();
    else if (!this.#turnScheduled) {
      this.#turnScheduled = true;
      setImmediate(this.#onTurn);
    }
  };

  readonly #onTurn = (): void => {
    this.#turnScheduled = false;
    if (!this.#closed) this.#events.readable();
  };
}
