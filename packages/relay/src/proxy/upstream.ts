import { endpointsEqual, type Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch, DatagramTransport } from "@udp-relay/adapters";

/** A socket of our own that talks to one backend only, for one session or one probe. */
export interface Upstream {
  /**
   * Sends one datagram, or keeps a bounded number of copies while the socket is still being opened.
   *
   * @param stable whether the bytes stay unchanged after the call
   * @returns false when it was dropped
   */
  send(bytes: Uint8Array, stable: boolean): boolean;
  /** Sends datagram `index` of a batch on, without copying where the socket can; else as `send`. */
  forward(batch: DatagramBatch, index: number): boolean;
  /** Nothing is told after this. Idempotent. */
  close(): void;
}

/** What an upstream tells. Never during `openUpstream` itself. */
export interface UpstreamEvents {
  /** A datagram of the backend; the bytes are good until this returns. */
  onDatagram(bytes: Uint8Array): void;
  /** A datagram of somebody else, dropped. */
  onForeign(): void;
  /** The network answered that nobody listens there, or that there is no way to it. */
  onRefused(): void;
  /** The socket could not be opened, or broke. */
  onFailed(error: unknown): void;
}

/** Opens a socket towards a backend. What it throws (too many open files) ends the session as `failed`. */
export type OpenUpstream = (backend: Endpoint, events: UpstreamEvents) => Upstream;

/** Upstreams over transports, one each: what tests run on `MemoryTransport`. Other senders than the backend count as foreign. */
export function transportUpstreams(open: () => DatagramTransport): OpenUpstream {
  return (backend, events) => {
    const transport = open();
    transport.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        if (endpointsEqual(batch.endpoint(i), backend)) events.onDatagram(batch.bytes(i));
        else events.onForeign();
      }
    };
    const send = (bytes: Uint8Array): boolean => {
      const taken = transport.send(bytes, backend) === 0;
      transport.flush();
      return taken;
    };
    return {
      send,
      forward: (batch, index) => send(batch.bytes(index)),
      close: () => {
        transport.onBatch = undefined;
        void transport.close();
      },
    };
  };
}
