import { endpointFromRinfo, isIPv4 } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { BaseTransport, requireNotAborted } from "./base-transport.ts";
import { bindBunSocket, openSocketBuffers } from "./bun-socket.ts";
import type { BunUdpSocket, SocketBuffers } from "./bun-socket.ts";
import type { DatagramBatch, TransportOptions } from "./datagram-transport.ts";
import { DestinationText } from "./destination-text.ts";
import { DropReason, dropReasonOf } from "./drop-reason.ts";
import type { DropReasonCode } from "./drop-reason.ts";
import { kernelReceiveDrops } from "./kernel-drops.ts";
import { RinfoBatch } from "./rinfo-batch.ts";
import { installDefaultZones, socketOptions } from "./socket-options.ts";
import type { SocketOptions } from "./socket-options.ts";

export { DropReason, dropReasonNames } from "./drop-reason.ts";
export type BunTransportOptions = TransportOptions;

const BATCH_DATAGRAMS = 64;
const CONGESTION_RETRY_MS = 1;

/**
 * A transport over `Bun.udpSocket`.
 *
 * Datagrams of one turn of the event loop are handed over in batches of up to 64, in its `setImmediate`, and
 * what is sent meanwhile goes out by `sendMany`.
 *
 * Bun's sockets report ICMP errors: after a datagram to a dead peer the *next* send, to whomever, fails with
 * ECONNREFUSED, and `sendMany` stops there without a word. So whatever fails is sent once more by itself, and
 * only what fails twice is dropped.
 */
export class BunTransport extends BaseTransport {
  readonly localEndpoint: Endpoint;
  readonly #socket: BunUdpSocket;
  readonly #options: SocketOptions;
  readonly #buffers: SocketBuffers | undefined;
  readonly #batch = new RinfoBatch();
  readonly #destinations: DestinationText;
  /** data, port, address of each datagram that waits for the flush, as `sendMany` takes them. */
  readonly #packets: (Uint8Array | number | string)[] = [];
  readonly #endpoints: Endpoint[] = [];
  /** Clamped: 256 must not become the best class. */
  readonly #classes = new Uint8ClampedArray(BATCH_DATAGRAMS);
  #unflushed = 0;
  #turnScheduled = false;
  #delivering = false;
  #congested = false;

  /**
   * Binds a socket.
   *
   * @throws AdapterError ERR_ADAPTER_OPTION, ERR_ADAPTER_BIND, ERR_ADAPTER_CLOSED (the signal is aborted
   *   already), ERR_ADAPTER_UNSUPPORTED (not on Bun)
   */
  static async open(options: BunTransportOptions = {}): Promise<BunTransport> {
    requireNotAborted(options);
    const checked = socketOptions(options);
    if (checked.ipv6) installDefaultZones();
    let transport: BunTransport | undefined;
    const socket = await bindBunSocket(checked, {
      data: (_socket, bytes, port, address, flags) => {
        if (transport !== undefined) transport.#onData(bytes, port, address, flags?.truncated === true);
      },
      drain: () => {
        if (transport !== undefined) transport.#drain();
      },
      // Without a handler the process dies of a peer's ICMP error.
      error: (...socketAndError) => {
        if (transport !== undefined) transport.#onSocketError(socketAndError.at(-1));
      },
    });
    try {
      const buffers = await openSocketBuffers(socket.fd, checked);
      transport = new BunTransport(socket, buffers, checked, options);
      return transport;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  private constructor(
    socket: BunUdpSocket,
    buffers: SocketBuffers | undefined,
    checked: SocketOptions,
    options: BunTransportOptions,
  ) {
    super("bun", options);
    this.#socket = socket;
    this.#buffers = buffers;
    this.#options = checked;
    this.#destinations = new DestinationText(checked.ipv6);
    this.localEndpoint = endpointFromRinfo(socket.address);
  }

  send(bytes: Uint8Array, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    const refused = this.refusal(endpoint, bytes.length);
    if (refused !== 0) return refused;
    if (this.#congested) return this.enqueue(bytes, endpoint, priorityClass);
    return this.#take(bytes.slice(), endpoint, priorityClass);
  }

  forward(batch: DatagramBatch, index: number, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    const bytes = batch.bytes(index);
    if (!batch.stable || this.#congested) return this.send(bytes, endpoint, priorityClass);
    const refused = this.refusal(endpoint, bytes.length);
    return refused !== 0 ? refused : this.#take(bytes, endpoint, priorityClass);
  }

  flush(): void {
    const count = this.#unflushed;
    if (count === 0 || this.closed) return;
    this.#unflushed = 0;
    this.#packets.length = 3 * count;
    let next = 0;
    try {
      next = this.#socket.sendMany(this.#packets);
    } catch {
      // The first of them failed; the loop below finds out why.
    }
    this.counters.sentDatagrams += next;
    for (let i = 0; i < next; i++) this.counters.sentBytes += this.#bytes(i).length;
    for (; next < count; next++) this.#transmitOrQueue(next);
  }

  protected closeSocket(): Promise<void> {
    this.counters.dropMany(DropReason.closed, this.#unflushed);
    this.#unflushed = 0;
    // A batch whose callback closes the transport was received, and is that callback's until it returns.
    if (!this.#delivering) {
      this.counters.dropMany(DropReason.closed, this.#batch.count);
      this.#batch.clear();
    }
    this.#socket.close();
    return Promise.resolve();
  }

  protected kernelReceiveDrops(): number | undefined {
    return this.#buffers?.drops() ?? kernelReceiveDrops(this.localEndpoint, this.#options.ipv6);
  }

  protected receiveBufferBytes(): number {
    return this.#buffers?.receiveBufferBytes ?? 0;
  }

  protected override refusal(endpoint: Endpoint, length: number): 0 | DropReasonCode {
    if (isIPv4(endpoint) ? this.#options.ipv6Only : !this.#options.ipv6) {
      return this.counters.drop(DropReason.addressFamily);
    }
    return super.refusal(endpoint, length);
  }

  #onData(bytes: Uint8Array, port: number, address: string, truncated: boolean): void {
    if (truncated || bytes.length > this.maxDatagramBytes) this.counters.drop(DropReason.truncated);
    else if (port === 0) this.counters.drop(DropReason.portZero);
    else {
      this.#batch.push(bytes, address, port);
      if (this.#batch.count === BATCH_DATAGRAMS) this.#deliver();
      else this.#scheduleTurn();
    }
  }

  readonly #onTurn = (): void => {
    this.#turnScheduled = false;
    this.#deliver();
    this.flush();
  };

  #scheduleTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(this.#onTurn);
  }

  #deliver(): void {
    if (this.#batch.count === 0 || this.#delivering) return;
    this.#delivering = true;
    this.delivery.deliver(this.#batch, this.#batch.byteLength);
    this.#delivering = false;
    this.#batch.clear();
    this.flush();
  }

  #take(bytes: Uint8Array, endpoint: Endpoint, priorityClass: number): 0 {
    const index = this.#unflushed++;
    this.#packets[3 * index] = bytes;
    this.#packets[3 * index + 1] = endpoint.port;
    this.#packets[3 * index + 2] = this.#destinations.of(endpoint);
    this.#endpoints[index] = endpoint;
    this.#classes[index] = priorityClass;
    if (this.#unflushed === BATCH_DATAGRAMS) this.flush();
    else if (!this.#delivering) this.#scheduleTurn();
    return 0;
  }

  #bytes(index: number): Uint8Array {
    return this.#packets[3 * index] as Uint8Array;
  }

  #transmitOrQueue(index: number): void {
    const bytes = this.#bytes(index);
    const endpoint = this.#endpoints[index]!;
    if (this.#congested || !this.#transmit(bytes, endpoint)) {
      this.#congested = true;
      this.enqueue(bytes, endpoint, this.#classes[index]!);
    }
  }

  /** Sends one datagram, in two attempts, and counts its ending; false when the send buffer is full. */
  #transmit(bytes: Uint8Array, endpoint: Endpoint): boolean {
    const address = this.#destinations.of(endpoint);
    for (let attempt = 1; ; attempt++) {
      try {
        if (!this.#socket.send(bytes, endpoint.port, address)) return false;
        this.counters.sentDatagrams += 1;
        this.counters.sentBytes += bytes.length;
        return true;
      } catch (error) {
        const reason = dropReasonOf(error);
        if (reason === DropReason.queueFull) {
          // ENOBUFS: the socket stays writable, so that no drain event will come.
          setTimeout(this.#drain, CONGESTION_RETRY_MS);
          return false;
        }
        if (attempt === 2) {
          this.counters.drop(reason);
          return true;
        }
        this.counters.retriedSends += 1;
      }
    }
  }

  readonly #drain = (): void => {
    if (this.closed) return;
    for (let slot = this.queue.peek(); slot >= 0; slot = this.queue.peek()) {
      const from = this.queue.offset(slot);
      const bytes = this.queue.slab.subarray(from, from + this.queue.length(slot));
      if (!this.#transmit(bytes, this.queue.endpoint(slot))) return;
      this.queue.shift();
    }
    this.#congested = false;
  };

  #onSocketError(error: unknown): void {
    this.counters.icmpErrors += 1;
    // Errors about earlier datagrams to one peer are the network's everyday; anything else is the socket's.
    if (dropReasonOf(error) === DropReason.other) this.delivery.errors.report(error, "socket");
  }
}
