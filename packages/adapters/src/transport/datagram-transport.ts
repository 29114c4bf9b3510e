import type { Endpoint } from "@udp-relay/address-validation";
import type { DropReasonCode } from "./drop-reason.ts";
import type { TransportStats } from "./transport-stats.ts";

/**
 * Datagrams that arrived together. The batch, its slots and every view of them belong to the transport and
 * are good **until the callback returns**: copy what has to live longer. Endpoints are immutable and may be
 * kept. No accessor but `bytes` allocates, and `bytes` only where a transport keeps its datagrams in a slab.
 * Indices are 0..count - 1, in order of arrival; they are not checked.
 */
export interface DatagramBatch {
  /** Datagrams in this batch, at least 1. */
  readonly count: number;
  /** Whether the bytes stay unchanged after the callback returned, so that a view of them may be kept. */
  readonly stable: boolean;
  /** The datagram's bytes as a view. A reader of a few fields takes `slab`, `offset` and `length` instead. */
  bytes(index: number): Uint8Array;
  /** The array that holds the datagram, from `offset(index)`, `length(index)` bytes long. */
  slab(index: number): Uint8Array;
  offset(index: number): number;
  /** Bytes of the datagram, 0..maxDatagramBytes. */
  length(index: number): number;
  /** Who sent it. The same object may be given again for the same peer; compare with `endpointsEqual`. */
  endpoint(index: number): Endpoint;
  /** The sender's address as four words of network order, its port and zone, without an object. */
  a0(index: number): number;
  a1(index: number): number;
  a2(index: number): number;
  a3(index: number): number;
  port(index: number): number;
  zone(index: number): number;
  /**
   * Microseconds that the datagram waited between its arrival in the kernel and this callback, so that the
   * relay's own queueing is not taken for the network's jitter; 0 where the transport cannot know.
   */
  waitedMicros(index: number): number;
}

/** Handles one batch, synchronously. What it throws is caught, counted and reported once a burst. */
export type BatchHandler = (batch: DatagramBatch) => void;

/** What a transport is built on. */
export type TransportKind = "node" | "bun" | "linux" | "uwebsockets" | "memory" | "joined";

/**
 * A socket's worth of datagrams, with one meaning on every runtime. Nothing here throws for what the network
 * does: each datagram is sent, or dropped and counted with a reason in `stats()`.
 *
 * A transport belongs to the thread that opened it.
 */
export interface DatagramTransport {
  readonly kind: TransportKind;
  /** The bound address and port. */
  readonly localEndpoint: Endpoint;
  /** Called with each batch. While it is undefined, arriving datagrams are dropped as `noHandler`. */
  onBatch: BatchHandler | undefined;

  /**
   * Sends a copy of `bytes`: they are the caller's again when it returns.
   *
   * @param priorityClass 0 (the best) .. 7, or what is nearest to them; under backpressure the worst is dropped first
   * @returns 0 when the datagram was sent or queued, else why it was dropped. A reason that the system tells
   *   later is counted in `stats()` all the same.
   */
  send(bytes: Uint8Array, endpoint: Endpoint, priorityClass?: number): 0 | DropReasonCode;

  /** Sends datagram `index` of a batch on, without copying where the transport can; else as `send`. */
  forward(
    batch: DatagramBatch,
    index: number,
    endpoint: Endpoint,
    priorityClass?: number,
  ): 0 | DropReasonCode;

  /**
   * Hands what was sent since the last flush to the system. A transport does so by itself after `onBatch`
   * returned; call it after sending from anywhere else, such as a timer.
   */
  flush(): void;

  /** A snapshot of everything counted since the transport was opened. May read the system's own counters. */
  stats(): TransportStats;

  /** Stops, counts what is still queued as `closed`, and resolves once the socket is gone. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options that every socket transport knows. */
export interface TransportOptions {
  /** Address to bind, an IP literal: `0.0.0.0` by default, `::` for both families. */
  readonly host?: string | undefined;
  /** Port to bind; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /** Whether an IPv6 socket leaves IPv4 alone. Default false. */
  readonly ipv6Only?: boolean | undefined;
  /** Several sockets share one port and the kernel spreads the peers over them. Needs a port other than 0. */
  readonly reusePort?: boolean | undefined;
  /** Receive buffer to ask the kernel for, in bytes; default 4 MiB. `stats()` tells what was granted. */
  readonly receiveBufferBytes?: number | undefined;
  /** Send buffer to ask the kernel for, in bytes; default 4 MiB. */
  readonly sendBufferBytes?: number | undefined;
  /** Largest datagram received and sent, in bytes, 1..65507; default 2048. A larger one is dropped. */
  readonly maxDatagramBytes?: number | undefined;
  /** Datagrams that wait, at most, while the system accepts none; default 1024. */
  readonly queueDatagrams?: number | undefined;
  readonly onBatch?: BatchHandler | undefined;
  /** Told of trouble that no drop reason covers: a callback that threw (once a burst), a broken socket. */
  readonly onError?: ((error: unknown, context: TransportErrorContext) => void) | undefined;
  /** Closes the transport when aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Where an error that `onError` is told of came from. */
export interface TransportErrorContext {
  readonly transport: TransportKind;
  readonly during: "onBatch" | "onDatagram" | "socket" | "sweep";
  /** Errors of this kind since the last report, this one not counted. */
  readonly suppressed: number;
}
