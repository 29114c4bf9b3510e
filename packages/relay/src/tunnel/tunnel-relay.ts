import type { AddressPolicy, Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch, DatagramTransport } from "@udp-relay/adapters";
import type { Clock } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import { JOIN_BUSY, JOIN_FULL, JOIN_PREFIX_FULL } from "@udp-relay/tunnel-client";
import type { PingBuckets } from "../limits/ping-buckets.ts";
import { type Datagram, type Protocol, Route } from "../protocol/protocol.ts";
import { PathMeasurer } from "./path-measurer.ts";
import { RelayCounters, type RelayDropReason } from "./relay-counters.ts";

export interface TunnelRelayParts {
  readonly transport: DatagramTransport;
  readonly clients: TunnelClientTable;
  readonly clock: Clock;
  readonly policy: AddressPolicy;
  readonly protocol: Protocol;
  readonly pings: PingBuckets;
}

/** No client: the datagram was dropped and counted. */
const NOBODY = -1;

/**
 * The way of a datagram through one thread: judge the source, let the protocol read, find or register the
 * sender, count, and forward the same bytes to the receiver. Clients are shared with the other threads.
 *
 * The rules are those of the CnCNet V3 tunnel, numbered as in the package's README; the protocol decides only
 * how a datagram names its sender and receiver.
 */
export class TunnelRelay {
  readonly counters: RelayCounters = new RelayCounters();
  /** While true no client is registered and no id changes its endpoint; existing clients are relayed. */
  maintenance = false;
  readonly #parts: TunnelRelayParts;
  readonly #route = new Route();
  readonly #datagram: Datagram = { bytes: new Uint8Array(0), offset: 0, length: 0 };
  readonly #measurer: PathMeasurer | undefined;

  constructor(parts: TunnelRelayParts) {
    this.#parts = parts;
    this.#measurer = parts.protocol.measures && new PathMeasurer(parts.protocol, parts.clients, parts.clock);
    parts.transport.onBatch = (batch) => this.#onBatch(batch);
  }

  /** Makes what the protocol measured readable in the clients' records. Call it before a report, and now and then. */
  publishMeasurements(): void {
    this.#measurer?.publish();
  }

  #onBatch(batch: DatagramBatch): void {
    const { clients, clock } = this.#parts;
    const tick = clock.update();
    const guard = clients.enter();
    try {
      for (let i = 0; i < batch.count; i++) this.#onDatagram(batch, i, tick);
    } finally {
      guard[Symbol.dispose]();
    }
  }

  #onDatagram(batch: DatagramBatch, i: number, tick: number): void {
    const { policy, protocol } = this.#parts;
    const { counters } = this;
    const route = this.#route;
    const datagram = this.#datagram;
    const source = batch.endpoint(i);
    datagram.bytes = batch.slab(i);
    datagram.offset = batch.offset(i);
    datagram.length = batch.length(i);
    counters.received++;
    counters.receivedBytes += datagram.length;

    const verdict = policy.judge(source);
    if (verdict !== 0) return counters.dropAddress(verdict);
    try {
      protocol.read(datagram, route);
    } catch {
      return counters.drop("protocolThrew");
    }
    switch (route.action) {
      case "drop":
        return counters.drop(route.reason);
      case "reply":
        return this.#reply(batch, i, source, tick);
      case "command":
        // No password is configured: the operator's way is a signal or the loopback interface.
        return counters.drop("commandRefused");
      case "register":
        if (this.#sender(source, tick) !== NOBODY) counters.registrations++;
        return;
      case "forward":
        return this.#forward(batch, i, source, tick);
    }
  }

  #reply(batch: DatagramBatch, i: number, source: Endpoint, tick: number): void {
    if (!this.#parts.pings.take(source, tick)) return this.counters.drop("pingLimit");
    this.#parts.transport.send(batch.bytes(i).subarray(0, this.#route.replyLength), source);
    this.counters.pings++;
  }

  #forward(batch: DatagramBatch, i: number, source: Endpoint, tick: number): void {
    const { clients, transport } = this.#parts;
    const { counters } = this;
    const { length } = this.#datagram;
    const from = this.#sender(source, tick);
    if (from === NOBODY) return;
    const to = clients.find(this.#route.receiver);
    if (to < 0) return counters.drop("unknownReceiver");
    if (clients.isFrom(to, source)) return counters.drop("sameEndpoint");
    if (transport.forward(batch, i, clients.endpoint(to), clients.priorityClass(to)) !== 0) return;
    clients.sent(to, length, tick);
    this.#measurer?.forwarded(to);
    counters.forwarded++;
    counters.forwardedBytes += length;
  }

  /** Rules 4 to 6: the slot of the datagram's sender, its receive statistics updated; or {@link NOBODY}. */
  #sender(source: Endpoint, tick: number): number {
    const { clients } = this.#parts;
    const { sender } = this.#route;
    let slot = clients.find(sender);
    if (slot < 0) {
      if (this.maintenance) return this.#refuse("maintenance");
      slot = clients.join(sender, source, tick);
      if (slot < 0) return this.#refuse(joinRefusal(slot));
    }
    if (!clients.isFrom(slot, source)) {
      if (!clients.isTimedOut(slot, tick)) return this.#refuse("idTaken");
      if (this.maintenance) return this.#refuse("maintenance");
      const refused = clients.rebind(slot, source, tick);
      if (refused !== 0) return this.#refuse(joinRefusal(refused));
    }
    clients.received(slot, this.#datagram.length, tick);
    this.#measurer?.received(slot, this.#datagram);
    return slot;
  }

  #refuse(reason: RelayDropReason): typeof NOBODY {
    this.counters.drop(reason);
    return NOBODY;
  }
}

function joinRefusal(code: number): RelayDropReason {
  switch (code) {
    case JOIN_FULL:
      return "tableFull";
    case JOIN_PREFIX_FULL:
      return "prefixFull";
    case JOIN_BUSY:
      return "busy";
    default:
      return "tableFull";
  }
}
