import type { Endpoint } from "@udp-relay/address-validation";
import { isIPv4 } from "@udp-relay/address-validation";
import { AdapterError } from "../adapter-error.ts";
import { BaseTransport } from "./base-transport.ts";
import type { DatagramBatch, TransportOptions } from "./datagram-transport.ts";
import { DropReason, dropReasonOf } from "./drop-reason.ts";
import type { DropReasonCode } from "./drop-reason.ts";
import type { MemoryNetwork, MemorySocket } from "./memory-network.ts";
import { ReceivedBatch } from "./received-batch.ts";
import { integerOption, socketOptions } from "./socket-options.ts";

export { DropReason, dropReasonNames } from "./drop-reason.ts";
export { MemoryNetwork } from "./memory-network.ts";
export type { MemoryNetworkOptions, MemoryNetworkStats } from "./memory-network.ts";

export interface MemoryTransportOptions extends TransportOptions {
  /**
   * The socket's device: what it sends a second, and through it how long `sendBufferBytes` lasts. When that
   * buffer is full the device takes no more (EAGAIN), and the send queue fills. Default: no limit.
   */
  readonly bytesPerSecond?: number | undefined;
  /**
   * Asked before each datagram reaches the device: a system error's code, such as `EMSGSIZE`, fails that
   * send as the system would. `EAGAIN` and `ENOBUFS` are congestion: the datagram is offered again after 1 ms.
   */
  readonly failSend?: ((length: number, to: Endpoint) => string | undefined) | undefined;
}

const BATCH_DATAGRAMS = 64;
/** Below the rounding of sums of virtual times: waiting for less might not move the clock. */
const CLOCK_GRAIN_MS = 1e-6;
/** Until a device that refused for no reason of its own is asked again. */
const RETRY_MS = 1;

/** An in-memory transport: a socket on a `MemoryNetwork`, whose time is virtual. */
export class MemoryTransport extends BaseTransport implements MemorySocket {
  readonly localEndpoint: Endpoint;
  readonly ipv6Only: boolean;
  readonly #network: MemoryNetwork;
  readonly #options: MemoryTransportOptions;
  readonly #ipv6: boolean;
  readonly #batch = new ReceivedBatch(true);
  readonly #received: { bytes: Uint8Array; from: Endpoint; atMs: number }[] = [];
  readonly #receiveCapacity: number;
  readonly #sendBufferBytes: number;
  readonly #bytesPerMs: number;
  #receivedBytes = 0;
  #kernelDrops = 0;
  #deviceFreeAtMs = 0;
  #drainScheduled = false;
  #deliveryScheduled = false;
  #stalledUntilMs = 0;

  /** @throws AdapterError ERR_ADAPTER_OPTION, ERR_ADAPTER_BIND, ERR_ADAPTER_CLOSED */
  static open(network: MemoryNetwork, options: MemoryTransportOptions = {}): MemoryTransport {
    const { host, port, reusePort } = socketOptions(options);
    if (reusePort) throw new AdapterError("ERR_ADAPTER_UNSUPPORTED", "a MemoryNetwork shares no ports");
    let opened: MemoryTransport | undefined;
    network.bind(host, port, (local) => (opened = new MemoryTransport(network, local, options)));
    if (opened === undefined) throw new AdapterError("ERR_ADAPTER_BIND", `${host} was not bound`);
    return opened;
  }

  private constructor(network: MemoryNetwork, local: Endpoint, options: MemoryTransportOptions) {
    super("memory", options, () => network.clock.nowMs());
    const checked = socketOptions(options);
    this.localEndpoint = local;
    this.#network = network;
    this.#options = options;
    this.#ipv6 = checked.ipv6;
    this.ipv6Only = checked.ipv6Only;
    this.#receiveCapacity = checked.receiveBufferBytes;
    this.#sendBufferBytes = checked.sendBufferBytes;
    this.#bytesPerMs =
      options.bytesPerSecond === undefined
        ? Infinity
        : integerOption("bytesPerSecond", options.bytesPerSecond, 1, 1, Number.MAX_SAFE_INTEGER) / 1_000;
  }

  /** The event loop of this socket's owner stands still: datagrams wait in the receive buffer meanwhile. */
  stall(byMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#network.clock.nowMs() + byMs);
  }

  send(bytes: Uint8Array, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    const refused = this.refusal(endpoint, bytes.length);
    if (refused !== 0) return refused;
    if (this.queue.size > 0) return this.enqueue(bytes, endpoint, priorityClass);
    const outcome = this.#transmit(bytes, endpoint);
    return outcome === "congested" ? this.enqueue(bytes, endpoint, priorityClass) : outcome;
  }

  forward(batch: DatagramBatch, index: number, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    return this.send(batch.bytes(index), endpoint, priorityClass);
  }

  /** What the device takes leaves at once; the rest follows as virtual time passes. */
  flush(): void {
    this.#drain();
  }

  /** A datagram reaches the socket's receive buffer. Called by the network. */
  arrive(bytes: Uint8Array, from: Endpoint): void {
    if (this.#receivedBytes + bytes.length > this.#receiveCapacity) this.#kernelDrops += 1;
    else {
      this.#receivedBytes += bytes.length;
      this.#received.push({ bytes, from, atMs: this.#network.clock.nowMs() });
      this.#scheduleDelivery();
    }
  }

  protected closeSocket(): Promise<void> {
    this.#network.unbind(this);
    this.counters.dropMany(DropReason.closed, this.#received.splice(0).length);
    return Promise.resolve();
  }

  protected kernelReceiveDrops(): number {
    return this.#kernelDrops;
  }

  protected receiveBufferBytes(): number {
    return this.#receiveCapacity;
  }

  protected override refusal(endpoint: Endpoint, length: number): 0 | DropReasonCode {
    if (isIPv4(endpoint) ? this.ipv6Only : !this.#ipv6) return this.counters.drop(DropReason.addressFamily);
    return super.refusal(endpoint, length);
  }

  /** Gives a copy to the device: its ending is counted, unless the device takes nothing now. */
  #transmit(bytes: Uint8Array, endpoint: Endpoint): 0 | DropReasonCode | "congested" {
    const nowMs = this.#network.clock.nowMs();
    const startMs = Math.max(nowMs, this.#deviceFreeAtMs);
    const backlogMs = startMs - nowMs;
    const roomInMs = backlogMs + (bytes.length - this.#sendBufferBytes) / this.#bytesPerMs;
    // An idle device takes any datagram, as the kernel does.
    if (backlogMs > 0 && roomInMs > CLOCK_GRAIN_MS) {
      this.#scheduleDrain(Math.min(roomInMs, backlogMs));
      return "congested";
    }
    const code = this.#options.failSend?.(bytes.length, endpoint);
    if (code === "EAGAIN" || code === "ENOBUFS") {
      this.#scheduleDrain(RETRY_MS);
      return "congested";
    }
    if (code !== undefined) return this.counters.drop(dropReasonOf({ code }));
    this.#deviceFreeAtMs = startMs + bytes.length / this.#bytesPerMs;
    this.counters.sentDatagrams += 1;
    this.counters.sentBytes += bytes.length;
    const copy = bytes.slice();
    const carry = (): void => this.#network.carry(copy, this, endpoint);
    if (this.#deviceFreeAtMs > nowMs) this.#network.clock.schedule(this.#deviceFreeAtMs, carry);
    else carry();
    return 0;
  }

  #drain(): void {
    for (let slot = this.queue.peek(); slot >= 0; slot = this.queue.peek()) {
      const from = this.queue.offset(slot);
      const bytes = this.queue.slab.subarray(from, from + this.queue.length(slot));
      if (this.#transmit(bytes, this.queue.endpoint(slot)) === "congested") return;
      this.queue.shift();
    }
  }

  #scheduleDrain(inMs: number): void {
    if (this.#drainScheduled) return;
    this.#drainScheduled = true;
    this.#network.clock.schedule(this.#network.clock.nowMs() + inMs, () => {
      this.#drainScheduled = false;
      this.#drain();
    });
  }

  #scheduleDelivery(): void {
    if (this.#deliveryScheduled) return;
    this.#deliveryScheduled = true;
    this.#network.clock.schedule(Math.max(this.#network.clock.nowMs(), this.#stalledUntilMs), () => {
      this.#deliveryScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const { clock } = this.#network;
    while (this.#received.length > 0 && !this.closed) {
      if (clock.nowMs() < this.#stalledUntilMs) {
        this.#scheduleDelivery();
        return;
      }
      for (const { bytes, from, atMs } of this.#received.splice(0, BATCH_DATAGRAMS)) {
        this.#receivedBytes -= bytes.length;
        if (bytes.length > this.maxDatagramBytes) this.counters.drop(DropReason.truncated);
        else this.#batch.push(bytes, from, (clock.nowMs() - atMs) * 1_000);
      }
      if (this.#batch.count > 0) this.delivery.deliver(this.#batch, this.#batch.byteLength);
      this.#batch.clear();
    }
  }
}
