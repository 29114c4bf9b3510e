import { type Endpoint, isIPv4, parseEndpoint } from "@udp-relay/address-validation";
import { AdapterError } from "../../adapter-error.ts";
import type { TrafficCounts, TransportStats } from "../transport-stats.ts";
import { TransportCounters } from "../transport-stats.ts";
import { BATCH_MESSAGES } from "./batch-memory.ts";
import { cannotOpen, checkedDatagramBytes, Connected } from "./connected-socket.ts";
import type { ConnectedOwner, ConnectedSocket, ConnectedSocketEvents } from "./connected-socket.ts";
import type { ConnectedSocketsOptions } from "./connected-socket.ts";
import { ConnectedTraffic } from "./connected-traffic.ts";
import { DescriptorJournal } from "./descriptor-journal.ts";
import { errorName } from "./batch-sender.ts";
import {
  AF_INET,
  AF_INET6,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLLIN,
  NAME_BYTES,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from "./kernel.ts";
import { KernelDropReader } from "./kernel-drop-reader.ts";
import type { LinuxTransport } from "./linux-transport.ts";
import { openSystemCalls } from "./open-system-calls.ts";
import { ReadyEvents } from "./ready-events.ts";
import { writeSocketAddress } from "./socket-address.ts";
import { SocketLine } from "./socket-line.ts";
import type { SystemCalls } from "./system-calls.ts";
import { unsupported } from "./unsupported.ts";

/** The transport's place among the sockets of the set. */
const TRANSPORT = -1;

/**
 * Many connected UDP sockets of one thread, in one epoll set and without an object of the event loop for any of them:
 * a session proxy's upstreams. Each gets a port of its own, never a shared one.
 *
 *     using sockets = await ConnectedSockets.open({ transport });
 *     const upstream = sockets.connect(backend, { onDatagram, onError });
 *     sockets.turn(20);     // again and again: waits for 20 ms at most, and hands over whatever came
 */
export class ConnectedSockets implements Disposable {
  readonly #calls: SystemCalls;
  readonly #set: number;
  readonly #events: ReadyEvents;
  readonly #transport: LinuxTransport | undefined;
  readonly #places: (Connected | undefined)[] = [];
  readonly #vacant: number[] = [];
  readonly #traffic: ConnectedTraffic;
  readonly #name = new Int32Array(new ArrayBuffer(NAME_BYTES));
  readonly #nameAddress: number;
  readonly #kernelDrops: KernelDropReader;
  /** Of the sockets that are closed. */
  #closedKernelDrops = 0;
  readonly #owner: ConnectedOwner = {
    send: (socket, bytes) => this.#traffic.send(socket, bytes),
    forward: (socket, batch, index) => {
      const address = this.#transport?.addressOf(batch, index) ?? 0;
      return address === 0
        ? this.#traffic.send(socket, batch.bytes(index))
        : this.#traffic.sendFrom(socket, address, batch.length(index));
    },
    close: (socket) => {
      this.#close(socket);
    },
  };
  #generation = 0;
  readonly #line = new SocketLine();
  /** Whether the transport's last turn brought a full batch. */
  #wasFull = false;
  #closed = false;

  /**
   * @throws AdapterError ERR_ADAPTER_UNSUPPORTED (not Linux, another processor, no koffi, a layout that differs),
   *   ERR_ADAPTER_OPTION, ERR_ADAPTER_BIND (no descriptor left)
   */
  static async open(options: ConnectedSocketsOptions = {}): Promise<ConnectedSockets> {
    const maxDatagramBytes = checkedDatagramBytes(options);
    const libc = options.systemCalls ?? (await openSystemCalls());
    const calls = options.journal === undefined ? libc : new DescriptorJournal(libc, options.journal).calls;
    const sockets = new ConnectedSockets(calls, maxDatagramBytes, options.transport);
    try {
      sockets.#selfCheck();
      const { transport } = options;
      if (
        transport !== undefined &&
        !sockets.#events.add(sockets.#set, EPOLL_CTL_ADD, transport.descriptor, EPOLLIN, TRANSPORT, 0)
      )
        throw sockets.#failed("epoll_ctl");
      return sockets;
    } catch (error) {
      sockets.close();
      throw error;
    }
  }

  private constructor(calls: SystemCalls, maxDatagramBytes: number, transport: LinuxTransport | undefined) {
    this.#calls = calls;
    this.#traffic = new ConnectedTraffic(calls, this.#line, maxDatagramBytes);
    this.#transport = transport;
    this.#events = new ReadyEvents(calls, process.arch);
    this.#kernelDrops = new KernelDropReader(calls);
    this.#nameAddress = calls.addressOf(new Uint8Array(this.#name.buffer));
    this.#set = calls.epoll_create1(EPOLL_CLOEXEC);
    if (this.#set < 0) throw this.#failed("epoll_create1");
  }

  /**
   * What all sockets together have counted, those that are closed included. A batch is what one turn brought.
   *
   * @param asksKernel once for each open socket, what it had no room for; without it that is of closed ones only
   */
  stats(asksKernel = true): TransportStats {
    let kernelDrops = this.#closedKernelDrops;
    for (const connected of asksKernel ? this.#places : [])
      if (connected !== undefined) kernelDrops += this.#kernelDrops.read(connected.fd);
    return this.#traffic.counters.snapshot(0, kernelDrops, 0);
  }

  /** Of `stats`, what is counted of datagrams: always the same object, whose numbers change. */
  get counted(): TrafficCounts {
    return this.#traffic.counters;
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#places.length - this.#vacant.length;
  }

  /**
   * A new socket that talks to `peer`.
   *
   * @throws AdapterError ERR_ADAPTER_BIND with the system's code as `cause.code`: EMFILE, ENETUNREACH, …;
   *   ERR_ADAPTER_CLOSED
   */
  connect(peer: Endpoint, events: ConnectedSocketEvents): ConnectedSocket {
    if (this.#closed) throw new AdapterError("ERR_ADAPTER_CLOSED", "the sockets are closed");
    const calls = this.#calls;
    const ipv6 = !isIPv4(peer);
    const fd = calls.socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) throw this.#failed("socket");
    const length = writeSocketAddress(this.#name, 0, peer, ipv6);
    const place = this.#vacant.pop() ?? this.#places.length;
    const generation = (this.#generation = (this.#generation + 1) | 0);
    const failed =
      calls.connect(fd, this.#nameAddress, length) !== 0
        ? "connect"
        : this.#events.add(this.#set, EPOLL_CTL_ADD, fd, EPOLLIN, place, generation)
          ? undefined
          : "epoll_ctl";
    if (failed !== undefined) {
      const error = this.#failed(failed);
      calls.close(fd);
      if (place < this.#places.length) this.#vacant.push(place);
      throw error;
    }
    const connected = new Connected(this.#owner, fd, place, generation, events);
    this.#places[place] = connected;
    return connected;
  }

  /**
   * Waits for at most `timeoutMs` until some socket is ready, then hands over what came: one datagram of each ready
   * socket, and a batch of the transport's. When the last turn's batch was full, as many datagrams are taken of the ready
   * sockets together as of the transport: else what few peers answer to many requests would pile up, and be lost.
   * 0 does not wait. What callbacks throw is thrown on, the rest comes next time.
   *
   * @returns how many were ready
   */
  turn(timeoutMs: number): number {
    if (this.#closed) return 0;
    const ready = this.#events.wait(this.#set, timeoutMs);
    const { counters } = this.#traffic;
    const before = counters.receivedDatagrams;
    const each = this.#wasFull ? Math.ceil(BATCH_MESSAGES / ready) : 1;
    let transportReady = false;
    for (let i = 0; i < ready; i++) {
      const place = this.#events.place(i);
      // Asked first: V8 looks an index below 0 up by its name.
      if (place === TRANSPORT) {
        transportReady = true;
        continue;
      }
      const connected = this.#places[place];
      // Else it was closed meanwhile, by a callback; or its place is another's already.
      if (connected?.generation === this.#events.generation(i)) this.#traffic.receive(connected, each);
    }
    if (counters.receivedDatagrams > before) counters.receivedBatches += 1;
    // Sends what the sockets' datagrams became, too.
    this.#wasFull = (this.#transport?.turn(transportReady) ?? 0) >= BATCH_MESSAGES;
    this.#line.breathe();
    return ready;
  }

  /** Closes the sockets and the set; the transport stays open. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const connected of this.#places) if (connected !== undefined) this.#close(connected);
    if (this.#set >= 0) this.#calls.close(this.#set);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #close(connected: Connected): void {
    if (!connected.open) return;
    connected.open = false;
    this.#closedKernelDrops += this.#kernelDrops.read(connected.fd);
    // The kernel takes it out of the set.
    this.#calls.close(connected.fd);
    this.#places[connected.place] = undefined;
    this.#vacant.push(connected.place);
  }

  /** Compares struct epoll_event with the kernel: a socket that talks to itself has to be told of by its own words. */
  #selfCheck(): void {
    const heard: number[] = [];
    const socket = this.connect(parseEndpoint("127.0.0.1:9"), {
      onDatagram: ({ length }) => heard.push(length),
      onError: () => undefined,
    });
    const { fd, place, generation } = this.#places[0]!;
    const length = new Int32Array([NAME_BYTES]);
    const lengthAddress = this.#calls.addressOf(new Uint8Array(length.buffer));
    // Connected to the port that the kernel chose for it: to itself.
    const named = this.#calls.getsockname(fd, this.#nameAddress, lengthAddress) === 0;
    const toItself = named && this.#calls.connect(fd, this.#nameAddress, length[0]!) === 0;
    const sent = toItself && socket.send(new Uint8Array(1)) === 0;
    const ready = sent ? this.#events.wait(this.#set, 1_000) : 0;
    const told = ready === 1 && this.#events.place(0) === place && this.#events.generation(0) === generation;
    if (told) this.#traffic.receive(this.#places[0]!, 1);
    socket.close();
    if (heard[0] !== 1) throw unsupported("self-check: struct epoll_event reads differently");
    this.#traffic.counters = new TransportCounters();
    this.#closedKernelDrops = 0;
  }

  readonly #failed = (call: string): AdapterError => cannotOpen(call, errorName(this.#calls.errno()));
}
