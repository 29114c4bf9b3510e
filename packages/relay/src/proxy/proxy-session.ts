import type { Endpoint } from "@udp-relay/address-validation";
import type { Direction, PassingStreams } from "../measure/passing-streams.ts";
import type { Datagram } from "../protocol/protocol.ts";
import type { Backend } from "./backend.ts";
import type { Upstream } from "./upstream.ts";

export type StreamWay = "fromClient" | "fromBackend";

/** Of the thread, for one call at a time. */
const passing: Datagram = { bytes: new Uint8Array(0), offset: 0, length: 0 };

/** One client and the socket that speaks to a backend for it. */
export class ProxySession {
  /** Of the client in the table. */
  readonly handle: number;
  /** The handle's. Another client's, perhaps, once the handle resolves to nothing. */
  readonly slot: number;
  readonly client: Endpoint;
  readonly streams: PassingStreams | undefined;
  backend: Backend;
  upstream: Upstream | undefined;
  lastFromClientMs: number;
  /** When `SessionWatch` last looked, and which limits its stream is beyond. */
  lookedMs = 0;
  beyond = 0;
  /** When the next datagram of the client's may pass at full rate (the generic cell rate algorithm). */
  #rateFullAtMs = 0;
  #seenPackets = 0;
  #seenLost = 0;

  constructor(
    handle: number,
    slot: number,
    client: Endpoint,
    backend: Backend,
    streams: PassingStreams | undefined,
    nowMs: number,
  ) {
    this.handle = handle;
    this.slot = slot;
    this.client = client;
    this.backend = backend;
    this.streams = streams;
    this.lastFromClientMs = nowMs;
  }

  /** Takes one of `perSecond` tokens; a second's worth may be taken at once. */
  mayPass(nowMs: number, perSecond: number): boolean {
    const next = Math.max(this.#rateFullAtMs, nowMs) + 1_000 / perSecond;
    // Sums of fractions: a thousandth of a millisecond is no token.
    if (next - nowMs > 1_000 + 1e-3) return false;
    this.#rateFullAtMs = next;
    return true;
  }

  /**
   * A datagram passes. Returns the round trip in ms that it told, -1 if none.
   *
   * @throws what the measurer throws
   */
  measure(way: StreamWay, bytes: Uint8Array, arrivalMs: number): number {
    if (this.streams === undefined) return -1;
    passing.bytes = bytes;
    passing.length = bytes.length;
    return this.streams[way].received(passing, arrivalMs);
  }

  /** Tells the backend what its streams in this session have lost since the last call. */
  reportStreams(): void {
    const path: Direction | undefined = this.streams?.fromBackend;
    if (path === undefined) return;
    const { packets, lost } = path.totals();
    this.backend.recordStreams(Math.max(0, packets - this.#seenPackets), lost - this.#seenLost);
    this.#seenPackets = packets;
    this.#seenLost = lost;
  }
}
