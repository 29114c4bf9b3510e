import { endpointFromBytes, endpointsEqual } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { AdapterError } from "../adapter-error.ts";
import { BaseTransport } from "./base-transport.ts";
import type { DatagramBatch, TransportOptions } from "./datagram-transport.ts";
import { DropReason } from "./drop-reason.ts";
import type { DropReasonCode } from "./drop-reason.ts";
import { ReceivedBatch } from "./received-batch.ts";
import { integerOption } from "./socket-options.ts";
import { PRIORITY_CLASSES, priorityClassOf } from "./transport-stats.ts";
import { isWebsocketEndpoint, websocketEndpoint } from "./websocket-endpoint.ts";

export { DropReason, dropReasonNames } from "./drop-reason.ts";
export { joinTransports } from "./joined.ts";

/** uWebSockets.js' `WebSocket`, as far as it is used here. */
export interface UWebSocket {
  /** 1 sent, 0 buffered, 2 dropped. */
  send(message: Uint8Array, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  getRemoteAddress(): ArrayBuffer;
  end(code: number, shortMessage: string): void;
}

/** uWebSockets.js' `WebSocketBehavior`, as far as it is used here. */
export interface UWebSocketBehavior {
  compression: number;
  maxPayloadLength: number;
  maxBackpressure: number;
  idleTimeout: number;
  open(ws: UWebSocket): void;
  message(ws: UWebSocket, message: ArrayBuffer, isBinary: boolean): void;
  close(ws: UWebSocket): void;
}

/** uWebSockets.js' `App` or `SSLApp`, as far as it is used here. */
export interface UWebSocketApp {
  ws(pattern: string, behavior: UWebSocketBehavior): unknown;
}

export interface UWebSocketsTransportOptions extends Omit<
  TransportOptions,
  "host" | "port" | "ipv6Only" | "reusePort" | "receiveBufferBytes" | "sendBufferBytes" | "queueDatagrams"
> {
  /** The program's own app; it stays the program's to listen with and to close. */
  readonly app: UWebSocketApp;
  /** Route of the WebSockets. Default `/*`. */
  readonly pattern?: string | undefined;
  /**
   * Judges a newcomer by its address; its port, which uWebSockets.js does not tell, reads 1. One that is refused is
   * closed with 1008, policy violation.
   */
  readonly admit?: ((remote: Endpoint) => boolean) | undefined;
  /** Connections at the same time, at most; default 10,000. One more is closed with 1013, try again later. */
  readonly maxConnections?: number | undefined;
  /**
   * Bytes that may wait for one slow client, default 65536: class 0 may fill all of it, each worse class an
   * eighth less. What finds its share full is dropped as `queueFull`; other clients are not concerned.
   */
  readonly maxBackpressureBytes?: number | undefined;
  /** Seconds without a sign of life until uWebSockets.js closes a connection, 8..960; default 120. */
  readonly idleTimeoutSeconds?: number | undefined;
}

interface Connection {
  readonly ws: UWebSocket;
  readonly endpoint: Endpoint;
  readonly remote: Endpoint;
}

/** Not 0, which every address policy refuses. */
const UNKNOWN_PORT = 1;
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;
/** uWebSockets.js closes the connection of whoever sends a message that is larger still. */
const MAX_PAYLOAD_BYTES = 65_536;

/**
 * A transport over WebSockets, for clients such as browsers that cannot send UDP: one binary message is one
 * datagram. uWebSockets.js is the program's own dependency, typed structurally.
 *
 * Each connection has an endpoint of its own, made by `websocketEndpoint`: a client that connects again is a
 * new peer. Join this transport with a UDP one by `joinTransports`, and clients of either kind are peers.
 */
export class UWebSocketsTransport extends BaseTransport {
  /** `[fd75:6470::]:1`, the prefix of its peers' endpoints; the app knows where it listens. */
  readonly localEndpoint: Endpoint = websocketEndpoint(endpointFromBytes(new Uint8Array(4), 0, 4, 0), 0, 0);
  readonly #admit: ((remote: Endpoint) => boolean) | undefined;
  readonly #maxConnections: number;
  readonly #backpressureShare: number;
  readonly #batch = new ReceivedBatch(false);
  readonly #byNumber = new Map<number, Connection>();
  readonly #bySocket = new Map<UWebSocket, Connection>();
  #connections = 0;

  /**
   * Adds the route to the app.
   *
   * @throws AdapterError ERR_ADAPTER_OPTION, ERR_ADAPTER_CLOSED (the signal is aborted already)
   */
  static open(options: UWebSocketsTransportOptions): UWebSocketsTransport {
    return new UWebSocketsTransport(options);
  }

  private constructor(options: UWebSocketsTransportOptions) {
    super("uwebsockets", options);
    // Whoever writes JavaScript learns at once what is missing.
    if (typeof (options.app as Partial<UWebSocketApp> | undefined)?.ws !== "function") {
      throw new AdapterError("ERR_ADAPTER_OPTION", "app has no method ws: pass uWebSockets.js's App()");
    }
    this.#admit = options.admit;
    this.#maxConnections = integerOption("maxConnections", options.maxConnections, 10_000, 1, 1 << 24);
    const backpressure = integerOption(
      "maxBackpressureBytes",
      options.maxBackpressureBytes,
      65_536,
      8,
      1 << 30,
    );
    this.#backpressureShare = backpressure / PRIORITY_CLASSES;
    options.app.ws(options.pattern ?? "/*", {
      compression: 0,
      maxPayloadLength: MAX_PAYLOAD_BYTES,
      maxBackpressure: backpressure + MAX_PAYLOAD_BYTES,
      idleTimeout: integerOption("idleTimeoutSeconds", options.idleTimeoutSeconds, 120, 8, 960),
      open: (ws) => {
        this.#onOpen(ws);
      },
      message: (ws, message, isBinary) => {
        this.#onMessage(ws, message, isBinary);
      },
      close: (ws) => {
        this.#onClose(ws);
      },
    });
  }

  /** Open connections. */
  get connections(): number {
    return this.#byNumber.size;
  }

  /** Whether an endpoint can only be one of a WebSocket, connected or not. */
  owns(endpoint: Endpoint): boolean {
    return isWebsocketEndpoint(endpoint);
  }

  /** The address that a peer connected from (its port reads 1), undefined when it is gone. */
  remoteAddress(endpoint: Endpoint): Endpoint | undefined {
    return this.#find(endpoint)?.remote;
  }

  send(bytes: Uint8Array, endpoint: Endpoint, priority = 0): 0 | DropReasonCode {
    const refused = this.refusal(endpoint, bytes.length);
    if (refused !== 0) return refused;
    const connection = this.#find(endpoint);
    if (connection === undefined) return this.counters.drop(DropReason.noPeer);
    const { ws } = connection;
    const priorityClass = priorityClassOf(priority);
    const allowed = this.#backpressureShare * (PRIORITY_CLASSES - priorityClass);
    const waiting = ws.getBufferedAmount();
    // An empty buffer takes any datagram, as the kernel's does.
    if (waiting > 0 && waiting + bytes.length > allowed) return this.counters.dropQueued(priorityClass);
    if (ws.send(bytes, true, false) === 2) return this.counters.dropQueued(priorityClass);
    this.counters.sentDatagrams += 1;
    this.counters.sentBytes += bytes.length;
    return 0;
  }

  /** uWebSockets.js copies what the system does not take at once, so that nothing has to be kept. */
  forward(batch: DatagramBatch, index: number, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    return this.send(batch.bytes(index), endpoint, priorityClass);
  }

  /** Nothing waits here: uWebSockets.js has been given each message already. */
  flush(): void {
    return;
  }

  protected closeSocket(): Promise<void> {
    for (const { ws } of [...this.#byNumber.values()]) ws.end(GOING_AWAY, "the relay closes");
    return Promise.resolve();
  }

  protected kernelReceiveDrops(): number {
    return 0; // TCP loses nothing
  }

  protected receiveBufferBytes(): number {
    return 0;
  }

  #onOpen(ws: UWebSocket): void {
    const address = new Uint8Array(ws.getRemoteAddress());
    const remote = endpointFromBytes(address, 0, address.length === 4 ? 4 : 6, UNKNOWN_PORT);
    if (this.closed) ws.end(GOING_AWAY, "the relay closes");
    else if (this.#byNumber.size >= this.#maxConnections) ws.end(TRY_AGAIN_LATER, "full");
    else if (!this.#admits(remote)) ws.end(POLICY_VIOLATION, "refused");
    else this.#add(ws, remote);
  }

  #add(ws: UWebSocket, remote: Endpoint): void {
    const number = (this.#connections = (this.#connections + 1) | 0);
    const random = crypto.getRandomValues(new Int32Array(1))[0]!;
    const connection = { ws, remote, endpoint: websocketEndpoint(remote, random, number) };
    this.#byNumber.set(number, connection);
    this.#bySocket.set(ws, connection);
  }

  #admits(remote: Endpoint): boolean {
    try {
      return this.#admit === undefined || this.#admit(remote);
    } catch (error) {
      this.delivery.errors.report(error, "socket");
      return false;
    }
  }

  #onMessage(ws: UWebSocket, message: ArrayBuffer, isBinary: boolean): void {
    const connection = this.#bySocket.get(ws);
    if (connection === undefined) return;
    if (!isBinary) this.counters.drop(DropReason.notBinary);
    else if (message.byteLength > this.maxDatagramBytes) this.counters.drop(DropReason.truncated);
    else {
      // The message is uWebSockets.js' again when this returns, so that it is handed over at once.
      this.#batch.push(new Uint8Array(message), connection.endpoint);
      this.delivery.deliver(this.#batch, message.byteLength);
      this.#batch.clear();
    }
  }

  #onClose(ws: UWebSocket): void {
    const connection = this.#bySocket.get(ws);
    if (connection === undefined) return;
    this.#bySocket.delete(ws);
    this.#byNumber.delete(connection.endpoint.a3);
  }

  #find(endpoint: Endpoint): Connection | undefined {
    const connection = this.#byNumber.get(endpoint.a3);
    return connection !== undefined && endpointsEqual(connection.endpoint, endpoint) ? connection : undefined;
  }
}
