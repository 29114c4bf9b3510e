import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket, SocketOptions as DgramOptions } from "node:dgram";
import { endpointFromRinfo, isIPv4 } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { AdapterError } from "../adapter-error.ts";
import { BatchDelivery } from "./batch-delivery.ts";
import type {
  BatchHandler,
  DatagramBatch,
  DatagramTransport,
  TransportOptions,
} from "./datagram-transport.ts";
import { DestinationText } from "./destination-text.ts";
import { DropReason, dropReasonOf } from "./drop-reason.ts";
import type { DropReasonCode } from "./drop-reason.ts";
import { kernelReceiveDrops } from "./kernel-drops.ts";
import { ReceivedBatch } from "./received-batch.ts";
import { SendQueue } from "./send-queue.ts";
import { installDefaultZones, socketOptions } from "./socket-options.ts";
import type { SocketOptions } from "./socket-options.ts";
import { TransportCounters } from "./transport-stats.ts";
import type { TransportStats } from "./transport-stats.ts";

export type NodeTransportOptions = TransportOptions;

/** A batch is handed over at the latest when it holds this many; libuv reads at most 32 a turn and socket. */
const BATCH_DATAGRAMS = 64;
/** libuv queues what the kernel does not take; how far that may go is looked at every so many datagrams. */
const SENDS_A_CHECK = 16;

/**
 * A transport over `node:dgram`.
 *
 * dgram emits an event a datagram, up to 32 in one turn of the event loop; they are handed over as one batch
 * in that turn's `setImmediate`, before the loop can wait again.
 */
export class NodeTransport implements DatagramTransport {
  readonly kind = "node";
  readonly localEndpoint: Endpoint;
  readonly #socket: Socket;
  readonly #options: SocketOptions;
  readonly #counters = new TransportCounters();
  readonly #delivery: BatchDelivery;
  readonly #batch = new ReceivedBatch(true);
  readonly #queue: SendQueue;
  readonly #destinations: DestinationText;
  readonly #receiveBufferBytes: number;
  readonly #detach: () => void;
  #copy: Uint8Array;
  #sendsUntilCheck = SENDS_A_CHECK;
  #congested = false;
  #finalKernelDrops: number | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Binds a socket.
   *
   * @throws AdapterError ERR_ADAPTER_OPTION, ERR_ADAPTER_BIND, ERR_ADAPTER_UNSUPPORTED (`reusePort` before
   *   Node 23), ERR_ADAPTER_CLOSED (the signal is aborted already)
   */
  static async open(options: NodeTransportOptions = {}): Promise<NodeTransport> {
    if (options.signal?.aborted === true)
      throw new AdapterError("ERR_ADAPTER_CLOSED", "aborted before it opened");
    const checked = socketOptions(options);
    if (checked.ipv6) installDefaultZones();
    return new NodeTransport(await bind(checked), checked, options);
  }

  private constructor(socket: Socket, checked: SocketOptions, options: NodeTransportOptions) {
    this.#socket = socket;
    this.#options = checked;
    this.#delivery = new BatchDelivery("node", this.#counters, options);
    this.#queue = new SendQueue(checked.queueDatagrams, checked.maxDatagramBytes);
    this.#copy = new Uint8Array(checked.maxDatagramBytes);
    this.#destinations = new DestinationText(checked.ipv6);
    this.localEndpoint = endpointFromRinfo(socket.address());
    this.#receiveBufferBytes = socket.getRecvBufferSize();
    socket.on("message", this.#onMessage);
    socket.on("error", this.#onSocketError);
    const abort = (): void => void this.close();
    options.signal?.addEventListener("abort", abort, { once: true });
    this.#detach = () => options.signal?.removeEventListener("abort", abort);
  }

  get onBatch(): BatchHandler | undefined {
    return this.#delivery.handler;
  }
  set onBatch(handler: BatchHandler | undefined) {
    this.#delivery.handler = handler;
  }

  send(bytes: Uint8Array, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    if (bytes.length > this.#options.maxDatagramBytes) return this.#counters.drop(DropReason.tooLarge);
    const refused = this.#refusal(endpoint);
    if (refused !== 0) return refused;
    if (this.#congested) return this.#enqueue(bytes, endpoint, priorityClass);
    this.#copy.set(bytes);
    this.#socket.send(
      this.#copy,
      0,
      bytes.length,
      endpoint.port,
      this.#destinations.of(endpoint),
      this.#onSent,
    );
    // libuv still refers to the copy of a datagram that it had to queue.
    if (this.#checkCongestion()) this.#copy = new Uint8Array(this.#options.maxDatagramBytes);
    return 0;
  }

  forward(batch: DatagramBatch, index: number, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    const bytes = batch.bytes(index);
    if (!batch.stable || this.#congested || bytes.length > this.#options.maxDatagramBytes) {
      return this.send(bytes, endpoint, priorityClass);
    }
    const refused = this.#refusal(endpoint);
    if (refused !== 0) return refused;
    this.#socket.send(bytes, endpoint.port, this.#destinations.of(endpoint), this.#onSent);
    if (--this.#sendsUntilCheck <= 0) this.#checkCongestion();
    return 0;
  }

  /** dgram hands each datagram to the system at once; what is left to do is to look for congestion. */
  flush(): void {
    if (this.#closing === undefined) this.#checkCongestion();
  }

  stats(): TransportStats {
    const kernelDrops = this.#closing === undefined ? this.#kernelDrops() : this.#finalKernelDrops;
    return this.#counters.snapshot(this.#queue.size, kernelDrops, this.#receiveBufferBytes);
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#finalKernelDrops = this.#kernelDrops();
      this.#detach();
      this.#counters.dropMany(DropReason.closed, this.#batch.count + this.#queue.clear());
      this.#batch.clear();
      this.#socket.close(resolve);
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #onMessage = (bytes: Uint8Array, rinfo: RemoteInfo): void => {
    if (bytes.length > this.#options.maxDatagramBytes) this.#counters.drop(DropReason.truncated);
    else if (rinfo.port === 0) this.#counters.drop(DropReason.portZero);
    else {
      if (this.#batch.count === 0) setImmediate(this.#deliver);
      this.#batch.push(bytes, endpointFromRinfo(rinfo));
      if (this.#batch.count === BATCH_DATAGRAMS) this.#deliver();
    }
  };

  readonly #deliver = (): void => {
    if (this.#batch.count === 0) return;
    this.#delivery.deliver(this.#batch, this.#batch.byteLength);
    this.#batch.clear();
    this.flush();
  };

  readonly #onSocketError = (error: unknown): void => this.#delivery.report(error, "socket");

  /** Called once for every datagram that dgram was given: in the next tick, or when libuv's queue moved on. */
  readonly #onSent = (error: Error | null, bytes: number): void => {
    if (error === null) {
      this.#counters.sentDatagrams += 1;
      this.#counters.sentBytes += bytes;
    } else this.#counters.drop(dropReasonOf(error));
    if (this.#congested) this.#drain();
  };

  #drain(): void {
    if (this.#closing !== undefined || this.#checkCongestion()) return;
    for (let slot = this.#queue.peek(); slot >= 0; slot = this.#queue.peek()) {
      const endpoint = this.#queue.endpoint(slot);
      const from = this.#queue.offset(slot);
      const bytes = this.#queue.slab.slice(from, from + this.#queue.length(slot));
      this.#queue.shift();
      this.#socket.send(bytes, endpoint.port, this.#destinations.of(endpoint), this.#onSent);
      if (this.#checkCongestion()) return;
    }
  }

  #checkCongestion(): boolean {
    this.#sendsUntilCheck = SENDS_A_CHECK;
    return (this.#congested = this.#socket.getSendQueueCount() > 0);
  }

  #enqueue(bytes: Uint8Array, endpoint: Endpoint, priorityClass: number): 0 | DropReasonCode {
    const dropped = this.#queue.offer(bytes, 0, bytes.length, endpoint, priorityClass);
    if (dropped < 0) return 0;
    const reason = this.#counters.dropQueued(dropped);
    return dropped === priorityClass ? reason : 0;
  }

  #refusal(endpoint: Endpoint): 0 | DropReasonCode {
    if (this.#closing !== undefined) return this.#counters.drop(DropReason.closed);
    if (endpoint.port === 0) return this.#counters.drop(DropReason.portZero);
    if (isIPv4(endpoint) ? this.#options.ipv6Only : !this.#options.ipv6) {
      return this.#counters.drop(DropReason.addressFamily);
    }
    return 0;
  }

  #kernelDrops(): number | undefined {
    return kernelReceiveDrops(this.localEndpoint, this.#options.ipv6);
  }
}

function bind(options: SocketOptions): Promise<Socket> {
  const { ipv6, ipv6Only, reusePort, host, port } = options;
  const family = ipv6 ? 6 : 4;
  const dgramOptions: DgramOptions = {
    type: ipv6 ? "udp6" : "udp4",
    ipv6Only,
    // Addresses are literals: without this dgram takes each one through dns.lookup.
    lookup: (address, _options, callback) => callback(null, address, family),
  };
  if (reusePort) {
    if (Number(process.versions.node.split(".")[0]) < 23) {
      throw new AdapterError("ERR_ADAPTER_UNSUPPORTED", "reusePort needs Node 23 or later");
    }
    Object.assign(dgramOptions, { reusePort });
  }
  return new Promise((resolve, reject) => {
    const socket = createSocket(dgramOptions);
    const failed = (cause: Error): void => {
      socket.close();
      reject(
        new AdapterError("ERR_ADAPTER_BIND", `cannot bind ${host} port ${port}: ${cause.message}`, { cause }),
      );
    };
    socket.once("error", failed);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off("error", failed);
      enlarge((bytes) => socket.setRecvBufferSize(bytes), options.receiveBufferBytes);
      enlarge((bytes) => socket.setSendBufferSize(bytes), options.sendBufferBytes);
      resolve(socket);
    });
  });
}

/** Linux silently grants what it allows; others refuse a size that is too large, so halve it. */
function enlarge(set: (bytes: number) => void, wantedBytes: number): void {
  for (let bytes = wantedBytes; bytes >= 1; bytes >>= 1) {
    try {
      set(bytes);
      return;
    } catch {
      // ENOBUFS: ask for less.
    }
  }
}
