import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket, SocketOptions as DgramOptions } from "node:dgram";
import { endpointFromRinfo, isIPv4 } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { AdapterError } from "../adapter-error.ts";
import { BaseTransport, requireNotAborted } from "./base-transport.ts";
import type { DatagramBatch, TransportOptions } from "./datagram-transport.ts";
import { DestinationText } from "./destination-text.ts";
import { DropReason, dropReasonOf } from "./drop-reason.ts";
import type { DropReasonCode } from "./drop-reason.ts";
import { kernelReceiveDrops } from "./kernel-drops.ts";
import { RinfoBatch } from "./rinfo-batch.ts";
import { installDefaultZones, socketOptions } from "./socket-options.ts";
import type { SocketOptions } from "./socket-options.ts";

export { DropReason, dropReasonNames } from "./drop-reason.ts";
export type NodeTransportOptions = TransportOptions;

/** libuv queues what the kernel does not take; how far that has gone is looked at every so many datagrams. */
const SENDS_A_CHECK = 16;
/** A turn of the event loop with fewer datagrams is a short one: what it saves is less than its `setImmediate` costs. */
const LONG_TURN = 8;
/** While turns are short, the length of one is looked at every so many datagrams. */
const DATAGRAMS_A_LOOK = 64;
/** libuv reads 32 datagrams a turn. */
const MOST_COLLECTED = 64;

/**
 * A transport over `node:dgram`, on Node (on Bun use `./bun`).
 *
 * dgram emits one event a datagram, and each is handed over at once as a batch of one, as long as the loop keeps up.
 * When its turns bring many datagrams, a turn's are collected and handed over at its end as one batch: then Node
 * drains its queue of send callbacks once a turn instead of after each event, and a relay's work of a batch is shared.
 */
export class NodeTransport extends BaseTransport {
  readonly localEndpoint: Endpoint;
  readonly #socket: Socket;
  readonly #options: SocketOptions;
  readonly #batch = new RinfoBatch();
  readonly #destinations: DestinationText;
  readonly #receiveBufferBytes: number;
  #copy: Uint8Array;
  #sendsUntilCheck = SENDS_A_CHECK;
  #congested = false;
  #collecting = false;
  #delivering = false;
  /** While not collecting: datagrams since the turn that is looked at began, from `-DATAGRAMS_A_LOOK` before it on. */
  #turnDatagrams = 0;

  /**
   * Binds a socket.
   *
   * @throws AdapterError ERR_ADAPTER_OPTION, ERR_ADAPTER_BIND, ERR_ADAPTER_CLOSED (the signal is aborted
   *   already), ERR_ADAPTER_UNSUPPORTED (`reusePort` before Node 23; Bun)
   */
  static async open(options: NodeTransportOptions = {}): Promise<NodeTransport> {
    requireNotAborted(options);
    if ("bun" in process.versions) {
      // Its node:dgram drops datagrams to healthy peers after an ICMP error, and has no send queue to ask.
      throw new AdapterError("ERR_ADAPTER_UNSUPPORTED", "on Bun use @udp-relay/adapters/bun");
    }
    const checked = socketOptions(options);
    if (checked.ipv6) installDefaultZones();
    const socket = await bind(checked);
    try {
      return new NodeTransport(socket, checked, options);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  private constructor(socket: Socket, checked: SocketOptions, options: NodeTransportOptions) {
    super("node", options);
    this.#socket = socket;
    this.#options = checked;
    this.#copy = new Uint8Array(checked.maxDatagramBytes);
    this.#destinations = new DestinationText(checked.ipv6);
    this.localEndpoint = endpointFromRinfo(socket.address());
    this.#receiveBufferBytes = socket.getRecvBufferSize();
    socket.on("message", this.#onMessage);
    socket.on("error", (error) => this.delivery.errors.report(error, "socket"));
  }

  send(bytes: Uint8Array, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    const refused = this.refusal(endpoint, bytes.length);
    if (refused !== 0) return refused;
    if (this.#congested) return this.enqueue(bytes, endpoint, priorityClass);
    this.#copy.set(bytes);
    const address = this.#destinations.of(endpoint);
    this.#socket.send(this.#copy, 0, bytes.length, endpoint.port, address, this.#onSent);
    // libuv still refers to the copy of a datagram that it had to queue.
    if (this.#checkCongestion()) this.#copy = new Uint8Array(this.maxDatagramBytes);
    return 0;
  }

  forward(batch: DatagramBatch, index: number, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    const bytes = batch.bytes(index);
    if (!batch.stable || this.#congested) return this.send(bytes, endpoint, priorityClass);
    const refused = this.refusal(endpoint, bytes.length);
    if (refused !== 0) return refused;
    this.#socket.send(bytes, endpoint.port, this.#destinations.of(endpoint), this.#onSent);
    if (--this.#sendsUntilCheck <= 0) this.#checkCongestion();
    return 0;
  }

  /** dgram has handed each datagram to the system already, but for those that wait in the queue. */
  flush(): void {
    this.#drain();
  }

  protected closeSocket(): Promise<void> {
    // A batch whose callback closes the transport was received, and is that callback's until it returns.
    if (!this.#delivering) {
      this.counters.dropMany(DropReason.closed, this.#batch.count);
      this.#batch.clear();
    }
    return new Promise((resolve) => {
      this.#socket.close(resolve);
    });
  }

  protected kernelReceiveDrops(): number | undefined {
    return kernelReceiveDrops(this.localEndpoint, this.#options.ipv6);
  }

  protected receiveBufferBytes(): number {
    return this.#receiveBufferBytes;
  }

  protected override refusal(endpoint: Endpoint, length: number): 0 | DropReasonCode {
    if (isIPv4(endpoint) ? this.#options.ipv6Only : !this.#options.ipv6) {
      return this.counters.drop(DropReason.addressFamily);
    }
    return super.refusal(endpoint, length);
  }

  readonly #onMessage = (bytes: Uint8Array, rinfo: RemoteInfo): void => {
    if (bytes.length > this.maxDatagramBytes) this.counters.drop(DropReason.truncated);
    else if (rinfo.port === 0) this.counters.drop(DropReason.portZero);
    else {
      this.#batch.push(bytes, rinfo.address, rinfo.port);
      if (this.#collecting) {
        if (this.#batch.count === 1) setImmediate(this.#endTurn);
        else if (this.#batch.count === MOST_COLLECTED) this.#deliver();
      } else {
        this.#deliver();
        if (this.#turnDatagrams++ === 0) setImmediate(this.#endTurn);
      }
    }
  };

  readonly #endTurn = (): void => {
    this.#collecting = (this.#collecting ? this.#batch.count : this.#turnDatagrams) >= LONG_TURN;
    this.#turnDatagrams = -DATAGRAMS_A_LOOK;
    this.#deliver();
  };

  #deliver(): void {
    if (this.#batch.count === 0) return;
    this.#delivering = true;
    this.delivery.deliver(this.#batch, this.#batch.byteLength);
    this.#delivering = false;
    this.#batch.clear();
  }

  /** Called once for each datagram that dgram was given: in the next tick, or when libuv's queue moved on. */
  readonly #onSent = (error: Error | null, bytes: number): void => {
    if (error === null) {
      this.counters.sentDatagrams += 1;
      this.counters.sentBytes += bytes;
    } else this.counters.drop(dropReasonOf(error));
    if (this.#congested) this.#drain();
  };

  #drain(): void {
    if (this.closed || this.#checkCongestion()) return;
    for (let slot = this.queue.peek(); slot >= 0; slot = this.queue.peek()) {
      const endpoint = this.queue.endpoint(slot);
      const from = this.queue.offset(slot);
      const bytes = this.queue.slab.slice(from, from + this.queue.length(slot));
      this.queue.shift();
      this.#socket.send(bytes, endpoint.port, this.#destinations.of(endpoint), this.#onSent);
      if (this.#checkCongestion()) return;
    }
  }

  #checkCongestion(): boolean {
    this.#sendsUntilCheck = SENDS_A_CHECK;
    return (this.#congested = this.#socket.getSendQueueCount() > 0);
  }
}

function bind(options: SocketOptions): Promise<Socket> {
  const { ipv6, ipv6Only, reusePort, host, port } = options;
  const family = ipv6 ? 6 : 4;
  const dgramOptions: DgramOptions = {
    type: ipv6 ? "udp6" : "udp4",
    ipv6Only,
    // Addresses are literals: without this dgram takes each one through dns.lookup.
    lookup: (address, _options, callback) => {
      callback(null, address, family);
    },
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
      const message = `cannot bind ${host} port ${port}: ${cause.message}`;
      reject(new AdapterError("ERR_ADAPTER_BIND", message, { cause }));
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
