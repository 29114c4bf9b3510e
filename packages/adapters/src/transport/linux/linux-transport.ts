import type { Endpoint } from "@udp-relay/address-validation";
import { AdapterError } from "../../adapter-error.ts";
import { BaseTransport, requireNotAborted } from "../base-transport.ts";
import type { DatagramBatch } from "../datagram-transport.ts";
import { DropReason, type DropReasonCode } from "../drop-reason.ts";
import { BatchMemory } from "./batch-memory.ts";
import { BatchReceiver } from "./batch-receiver.ts";
import { BatchSender, errorName } from "./batch-sender.ts";
import { claimSocket } from "./claimed-socket.ts";
import { EventLoopSocket } from "./event-loop-socket.ts";
import { MSG_DONTWAIT, MSG_WAITFORONE } from "./kernel.ts";
import { linuxSocketOptions } from "./linux-options.ts";
import type { BlockingHandle, LinuxTransportOptions, RunBlockingOptions } from "./linux-options.ts";
import type { LinuxSocket, LinuxSocketOptions } from "./linux-socket.ts";
import { openSystemCalls } from "./open-system-calls.ts";
import { selfCheck } from "./self-check.ts";
import { reaches } from "./socket-address.ts";
import type { SocketLine } from "./socket-line.ts";
import type { SystemCalls } from "./system-calls.ts";
import { installDefaultZones } from "../socket-options.ts";

/** UDP_GRO joins up to 64 KiB. */
const GRO_SLOT_BYTES = 65_536;
/** Batches for one wake of the event loop, so that timers and other sockets have their turn. */
const BATCHES_A_WAKE = 4;
const CONGESTION_RETRY_MS = 1;
/** After an error of the socket that no datagram explains. */
const TROUBLE_PAUSE_MS = 10;

/**
 * A transport over recvmmsg and sendmmsg, on Linux (glibc, x64 and arm64), through koffi on Node and bun:ffi
 * on Bun: up to 64 datagrams a system call.
 */
export class LinuxTransport extends BaseTransport {
  /** The bound address and port. */
  readonly localEndpoint: Endpoint;
  /** What makes the system calls. */
  readonly binding: string;
  readonly #socket: LinuxSocket;
  readonly #options: LinuxSocketOptions;
  readonly #blocking: boolean;
  readonly #line: SocketLine;
  readonly #receiver: BatchReceiver;
  readonly #sender: BatchSender;
  #eventLoop: Promise<EventLoopSocket> | undefined;
  #delivering = false;
  #congested = false;
  #flushScheduled = false;

  /**
   * Binds a socket, or duplicates a supervisor's.
   *
   * @throws AdapterError ERR_ADAPTER_UNSUPPORTED (not Linux, another processor, no koffi, layouts that differ),
   *   ERR_ADAPTER_OPTION, ERR_ADAPTER_BIND, ERR_ADAPTER_CLOSED (the signal is aborted already)
   */
  static async open(options: LinuxTransportOptions = {}): Promise<LinuxTransport> {
    requireNotAborted(options);
    const checked = options.socket?.options ?? linuxSocketOptions(options);
    if (checked.gro && options.blocking !== true) {
      throw new AdapterError(
        "ERR_ADAPTER_OPTION",
        "gro needs blocking: an event loop cannot split datagrams",
      );
    }
    const calls = options.systemCalls ?? (await openSystemCalls());
    selfCheck(calls);
    if (checked.ipv6) installDefaultZones();
    const { socket, line } = claimSocket(calls, checked, options.socket);
    let transport: LinuxTransport;
    try {
      transport = new LinuxTransport(calls, socket, line, checked, options);
    } catch (error) {
      line.giveBack();
      socket.close();
      throw error;
    }
    if (transport.#blocking) return transport;
    transport.#eventLoop = EventLoopSocket.bind(socket.fd, checked.ipv6, transport.#events);
    try {
      await transport.#eventLoop;
      return transport;
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  private constructor(
    calls: SystemCalls,
    socket: LinuxSocket,
    line: SocketLine,
    checked: LinuxSocketOptions,
    options: LinuxTransportOptions,
  ) {
    super("linux", options);
    const { maxDatagramBytes } = this;
    this.binding = calls.binding;
    this.#socket = socket;
    this.#options = checked;
    this.#blocking = options.blocking ?? false;
    this.localEndpoint = socket.localEndpoint(checked.ipv6);
    this.#line = line;
    if (this.#blocking) socket.makeBlocking();
    const memory = new BatchMemory(calls, checked.gro ? GRO_SLOT_BYTES : maxDatagramBytes, maxDatagramBytes);
    const parts = [calls, memory, this.#line, this.counters, socket.fd] as const;
    this.#receiver = new BatchReceiver(...parts, { ...checked, maxDatagramBytes });
    this.#sender = new BatchSender(...parts, checked.ipv6, options.gso ?? false);
    this.counters.dropMany(DropReason.workerDied, this.#line.died);
  }

  send(bytes: Uint8Array, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    const refused = this.refusal(endpoint, bytes.length);
    if (refused !== 0) return refused;
    if (!this.#ready(bytes.length) || !this.#sender.outgoing.append(bytes, endpoint, priorityClass)) {
      return this.enqueue(bytes, endpoint, priorityClass);
    }
    if (!this.#delivering && !this.#blocking) this.#scheduleFlush();
    return 0;
  }

  forward(batch: DatagramBatch, index: number, endpoint: Endpoint, priorityClass = 0): 0 | DropReasonCode {
    const own = this.#receiver.batch;
    if (!this.#holds(batch, index)) return this.send(batch.bytes(index), endpoint, priorityClass);
    const length = own.length(index);
    const refused = this.refusal(endpoint, length);
    if (refused !== 0) return refused;
    if (this.#ready(0) && this.#sender.outgoing.refer(own.offset(index), length, endpoint, priorityClass)) {
      return 0;
    }
    return this.enqueue(own.bytes(index), endpoint, priorityClass);
  }

  flush(): void {
    if (this.closed || this.#sender.flush(this.#enqueueRefused)) return;
    this.#congested = true;
    if (!this.#blocking) setTimeout(this.#retry, CONGESTION_RETRY_MS);
  }

  /**
   * Receives, hands over and sends until the transport is closed or `stop` is called: the whole life of a
   * thread that does nothing else. Promises, timers and messages of this thread stand still meanwhile; it ends
   * within 300 ms of `worker.terminate()`, `process.exit()` and `stop` of another thread, and by what `onTurn` throws.
   *
   * @throws AdapterError ERR_ADAPTER_OPTION when the transport was not opened with `blocking`, or runs already
   */
  runBlocking(options: RunBlockingOptions = {}): void {
    if (!this.#blocking)
      throw new AdapterError("ERR_ADAPTER_OPTION", "open the transport with blocking: true");
    while (!this.closed && this.#line.running) {
      if (this.#receiver.read(this.#congested ? MSG_DONTWAIT : MSG_WAITFORONE) > 0) this.#handleBatch();
      else if (this.#receiver.errno !== 0) this.#reportReceive();
      else if (this.#congested) this.#line.pause(CONGESTION_RETRY_MS);
      options.onTurn?.();
      if (this.#congested) this.#retry();
      this.flush();
    }
  }

  /**
   * One turn of a loop of your own that waits for several sockets, `ConnectedSockets` for one: receives a batch if there
   * is one, hands it over, and sends what waits, after congestion too. Never waits.
   *
   * @param readable whether the loop found the socket so
   * @returns messages received, 64 at most
   *
   * @throws AdapterError ERR_ADAPTER_OPTION when the transport was not opened with `blocking`
   */
  turn(readable: boolean): number {
    if (!this.#blocking)
      throw new AdapterError("ERR_ADAPTER_OPTION", "open the transport with blocking: true");
    if (this.closed) return 0;
    this.#line.breathe();
    const received = readable ? this.#receiver.read(MSG_DONTWAIT) : 0;
    if (received > 0) this.#handleBatch();
    else if (readable && this.#receiver.errno !== 0) this.#reportReceive();
    if (this.#congested) this.#retry();
    this.flush();
    return received;
  }

  /** Where datagram `index` of a batch lies in memory while this transport hands it over; 0 for any other batch. */
  addressOf(batch: DatagramBatch, index: number): number {
    return this.#holds(batch, index) ? this.#receiver.batch.address(index) : 0;
  }

  /** The socket's, for `epoll_ctl` and the like; this object's to close. */
  get descriptor(): number {
    return this.#socket.fd;
  }

  /** What another thread stops `runBlocking` with: `stopBlocking(handle)`. Structured-cloneable. */
  get blockingHandle(): BlockingHandle {
    return { memory: this.#line.memory };
  }

  protected closeSocket(): Promise<void> {
    const unsent = this.#sender.outgoing.count + (this.#delivering ? 0 : this.#receiver.waiting);
    this.counters.dropMany(DropReason.closed, unsent);
    this.#sender.outgoing.clear();
    this.#line.giveBack();
    const closeDescriptor = (): void => this.#socket.close();
    // The event loop's socket, once it has taken the descriptor over, is the one that closes it.
    if (this.#eventLoop !== undefined)
      return this.#eventLoop.then((socket) => socket.close(), closeDescriptor);
    closeDescriptor();
    return Promise.resolve();
  }

  protected kernelReceiveDrops(): number | undefined {
    return this.#socket.kernelDrops;
  }

  protected receiveBufferBytes(): number {
    return this.#socket.receiveBufferBytes;
  }

  protected override refusal(endpoint: Endpoint, length: number): 0 | DropReasonCode {
    if (!reaches(endpoint, this.#options.ipv6, this.#options.ipv6Only)) {
      return this.counters.drop(DropReason.addressFamily);
    }
    return super.refusal(endpoint, length);
  }

  readonly #events = {
    /** The loop has read a datagram itself; what came after it is still in the socket. */
    first: (bytes: Uint8Array, endpoint: Endpoint): void => {
      if (this.closed) this.counters.drop(DropReason.closed);
      else if (this.#receiver.put(bytes, endpoint)) this.#drain();
    },
    readable: (): void => this.#drain(),
    error: (error: unknown): void => this.delivery.errors.report(error, "socket"),
  };

  #drain(): void {
    for (let batches = 0; batches < BATCHES_A_WAKE && !this.closed; batches++) {
      const messages = this.#receiver.read(MSG_DONTWAIT);
      if (this.#receiver.errno !== 0) this.#reportReceive();
      if (messages === 0) return;
      this.#handleBatch();
    }
  }

  #handleBatch(): void {
    const { batch } = this.#receiver;
    if (batch.count > 0) {
      this.#delivering = true;
      this.delivery.deliver(batch, batch.byteLength);
      this.#delivering = false;
    }
    // Before the slots that forwarded datagrams lie in are received into again.
    this.flush();
    this.#receiver.finish();
  }

  #holds(batch: DatagramBatch, index: number): boolean {
    return this.#delivering && batch === this.#receiver.batch && this.#receiver.batch.has(index);
  }

  #reportReceive(): void {
    const code = errorName(this.#receiver.errno);
    this.delivery.errors.report(Object.assign(new Error(`recvmmsg ${code}`), { code }), "socket");
    if (this.#blocking) this.#line.pause(TROUBLE_PAUSE_MS);
  }

  /** Makes room for a datagram to be appended; false when the system takes none for now. */
  #ready(length: number): boolean {
    if (!this.#sender.outgoing.hasRoom(length)) this.flush();
    return !this.#congested;
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.flush();
    });
  }

  readonly #enqueueRefused = (bytes: Uint8Array, endpoint: Endpoint, priorityClass: number): void => {
    this.enqueue(bytes, endpoint, priorityClass);
  };

  /** Sends what waits in the queue, one at a time: each may be refused again, and then stays where it is. */
  readonly #retry = (): void => {
    const keep = (): void => undefined;
    if (this.closed) return;
    for (let slot = this.queue.peek(); slot >= 0; slot = this.queue.peek()) {
      const from = this.queue.offset(slot);
      const bytes = this.queue.slab.subarray(from, from + this.queue.length(slot));
      this.#sender.outgoing.append(bytes, this.queue.endpoint(slot), 0);
      if (!this.#sender.flush(keep)) {
        if (!this.#blocking) setTimeout(this.#retry, CONGESTION_RETRY_MS);
        return;
      }
      this.queue.shift();
    }
    this.#congested = false;
  };
}
