import type { AddressPolicy, Endpoint } from "@udp-relay/address-validation";
import type { Clock } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import { AdapterError } from "../adapter-error.ts";
import type { DatagramBatch, DatagramTransport, TransportOptions } from "../transport/datagram-transport.ts";
import type { DropReasonCode } from "../transport/drop-reason.ts";
import { type TransportErrors, transportErrors } from "../transport/transport-errors.ts";
import type { TransportStats } from "../transport/transport-stats.ts";
import { AcceptedSenders } from "./accepted-senders.ts";
import { ClientClasses } from "./client-classes.ts";
import { RelayDatagram } from "./relay-datagram.ts";
import { RelayRefusals } from "./relay-refusals.ts";
import type { RelayRefusal } from "./relay-refusals.ts";

/** What a `RelayEndpoint` is made of. */
export interface RelayEndpointOptions {
  /** Taken over: `onBatch` is the relay's from now on, and `close` closes it. */
  readonly transport: DatagramTransport;
  /** The clients, in a table that stays the program's to dispose of. */
  readonly clients: TunnelClientTable;
  /** Updated once a batch; the table's own, where it has one. */
  readonly clock: Clock;
  /**
   * Judges each sender before anything else. Without one every address is taken. An `AddressPolicy` itself is not asked
   * again about a peer that it accepted; one of a class derived from it is asked about each datagram.
   */
  readonly policy?: AddressPolicy | undefined;
  /** Datagrams of fewer bytes are refused. Default 0. */
  readonly minimumBytes?: number | undefined;
  /**
   * For a table whose keys are ids: reads the sender's id off a datagram (`from` is not known yet), or returns a
   * negative number to refuse it; whatever is no u32 refuses it, too. A table of endpoints needs none.
   */
  readonly identify?: ((datagram: RelayDatagram) => number) | undefined;
  /**
   * Handles one datagram of a known client, inside a guard of the table: slots are good, nothing may be awaited.
   * What it throws costs that datagram only.
   */
  readonly onDatagram: (datagram: RelayDatagram, relay: RelayEndpoint) => void;
  /** Told of what the callbacks throw, once a burst. */
  readonly onError?: TransportOptions["onError"] | undefined;
  /** How often timed-out clients are looked for, default 250 ms; 0 leaves it to the program. */
  readonly sweepIntervalMs?: number | undefined;
}

/** What a `RelayEndpoint` has counted since it was made. */
export interface RelayEndpointStats {
  readonly transport: TransportStats;
  /** Datagrams handed to `onDatagram`. */
  readonly handled: number;
  /** Datagrams refused, by reason; reasons that never happened are absent. received = handled + refused. */
  readonly refused: Readonly<Partial<Record<RelayRefusal, number>>>;
  /** Datagrams and bytes forwarded or sent to clients and taken by the transport. */
  readonly forwarded: number;
  readonly forwardedBytes: number;
}

const SWEEP_BUDGET = 1_024;

/**
 * A transport, a table of clients, a clock and a policy, joined to the way of a datagram: the clock once a batch,
 * then for each datagram size and address, its client, the client's record, and the program's protocol, which
 * forwards it or not. Nothing on that way allocates.
 *
 * Concurrency: the transport's thread. The table and the clock may be shared with other threads and their relays.
 */
export class RelayEndpoint {
  readonly #options: RelayEndpointOptions;
  readonly #transport: DatagramTransport;
  readonly #clients: TunnelClientTable;
  readonly #datagram: RelayDatagram;
  readonly #refusals = new RelayRefusals();
  readonly #errors: TransportErrors;
  readonly #sweeper: NodeJS.Timeout | undefined;
  readonly #accepted = new AcceptedSenders();
  readonly #classes: ClientClasses;
  #handled = 0;
  #forwarded = 0;
  #forwardedBytes = 0;

  /** @throws AdapterError ERR_ADAPTER_OPTION */
  constructor(options: RelayEndpointOptions) {
    const { transport, clients, clock, onError, sweepIntervalMs = 250 } = options;
    if (!(sweepIntervalMs >= 0 && sweepIntervalMs < 2 ** 31)) {
      throw new AdapterError(
        "ERR_ADAPTER_OPTION",
        `sweepIntervalMs ${sweepIntervalMs} is not in 0..2147483647`,
      );
    }
    this.#options = options;
    this.#transport = transport;
    this.#clients = clients;
    this.#classes = new ClientClasses(clients);
    this.#datagram = new RelayDatagram(clock);
    this.#errors = transportErrors(transport.kind, onError);
    transport.onBatch = this.#onBatch;
    if (sweepIntervalMs > 0) {
      this.#sweeper = setInterval(this.#sweep, sweepIntervalMs);
      this.#sweeper.unref();
    }
  }

  /** The bound address and port. */
  get localEndpoint(): Endpoint {
    return this.#transport.localEndpoint;
  }

  /**
   * Sends the datagram that is being handled on, unchanged, to the client of a slot, in the priority class that the client
   * had a quarter of a second ago at most.
   *
   * @returns 0, or why the transport dropped it
   */
  forward(datagram: RelayDatagram, to: number): 0 | DropReasonCode {
    const clients = this.#clients;
    const dropped = this.#transport.forward(
      datagram.batch,
      datagram.index,
      clients.endpoint(to),
      this.#classes.of(to, datagram.tick),
    );
    if (dropped === 0) this.#count(to, datagram.length, datagram.tick);
    return dropped;
  }

  /**
   * Sends a copy of `bytes` to a client, from anywhere.
   *
   * @param client its handle
   * @returns 0, why the transport dropped it, or -1 when the client is gone
   *
   * Concurrency: enters a guard of its own.
   */
  sendTo(client: number, bytes: Uint8Array): 0 | DropReasonCode | -1 {
    const clients = this.#clients;
    const guard = clients.enter();
    try {
      const to = clients.resolve(client);
      if (to < 0) return -1;
      const tick = this.#options.clock.recentMs();
      const dropped = this.#transport.send(bytes, clients.endpoint(to), this.#classes.of(to, tick));
      if (dropped === 0) this.#count(to, bytes.length, tick);
      return dropped;
    } finally {
      guard.leave();
    }
  }

  /** Hands what was sent outside of `onDatagram` to the system. */
  flush(): void {
    this.#transport.flush();
  }

  /** A snapshot of everything that was counted, the transport's counters included. */
  stats(): RelayEndpointStats {
    return {
      transport: this.#transport.stats(),
      handled: this.#handled,
      refused: this.#refusals.snapshot(),
      forwarded: this.#forwarded,
      forwardedBytes: this.#forwardedBytes,
    };
  }

  /** Stops sweeping and closes the transport; table and clock stay. */
  close(): Promise<void> {
    clearInterval(this.#sweeper);
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A timer's throw would end the process: a table that the program has disposed of, its `onLongGuard`. */
  readonly #sweep = (): void => {
    try {
      this.#clients.sweep(this.#options.clock.update(), SWEEP_BUDGET);
    } catch (error) {
      this.#errors.report(error, "sweep");
    }
  };

  readonly #onBatch = (batch: DatagramBatch): void => {
    const { clock } = this.#options;
    const datagram = this.#datagram;
    datagram.batch = batch;
    datagram.tick = clock.update();
    const guard = this.#clients.enter();
    try {
      for (let i = 0; i < batch.count; i++) {
        datagram.index = i;
        datagram.length = batch.length(i);
        datagram.source = batch.endpoint(i);
        this.#take(datagram);
      }
    } finally {
      guard.leave();
    }
  };

  #take(datagram: RelayDatagram): void {
    const { policy, minimumBytes = 0, onDatagram } = this.#options;
    const { source, length, tick } = datagram;
    if (length < minimumBytes) {
      this.#refusals.tooShort += 1;
      return;
    }
    const verdict = policy === undefined ? 0 : this.#accepted.judge(policy, source);
    if (verdict !== 0) {
      this.#refusals.address(verdict);
      return;
    }
    try {
      const from = this.#senderOf(datagram);
      if (from < 0) return;
      datagram.from = from;
      datagram.isNew = this.#clients.created;
      this.#clients.received(from, length, tick);
      onDatagram(datagram, this);
      this.#handled += 1;
    } catch (error) {
      this.#refusals.callbackThrew += 1;
      this.#errors.report(error, "onDatagram");
    }
  }

  /** The slot of the datagram's sender, who joins if he is new; negative, and counted, when he cannot. */
  #senderOf(datagram: RelayDatagram): number {
    const { identify } = this.#options;
    const { source, tick } = datagram;
    const clients = this.#clients;
    if (identify === undefined) return this.#orRefused(clients.joinEndpoint(source, tick));
    datagram.from = -1;
    const id = identify(datagram);
    if (id >>> 0 !== id) {
      this.#refusals.noId += 1;
      return -1;
    }
    const slot = this.#orRefused(clients.join(id, source, tick));
    if (slot < 0 || clients.isFrom(slot, source)) return slot;
    // Somebody else's id: it is his who has it, until he has been silent for the timeout.
    if (!clients.isTimedOut(slot, tick)) {
      this.#refusals.idTaken += 1;
      return -1;
    }
    const refused = clients.rebind(slot, source, tick);
    return refused === 0 ? slot : this.#orRefused(refused);
  }

  #orRefused(slot: number): number {
    if (slot < 0) this.#refusals.table(slot);
    return slot;
  }

  #count(to: number, bytes: number, tick: number): void {
    this.#clients.sent(to, bytes, tick);
    this.#forwarded += 1;
    this.#forwardedBytes += bytes;
  }
}
