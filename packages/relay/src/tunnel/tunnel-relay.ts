import { type AddressPolicy, type Endpoint, endpointsEqual } from "@udp-relay/address-validation";
import { BurstReporter, type DatagramBatch, type DatagramTransport } from "@udp-relay/adapters";
import type { Clock } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import { JOIN_BUSY, JOIN_FULL, JOIN_PREFIX_FULL, JOIN_RESTING } from "@udp-relay/tunnel-client";
import { isUnbound } from "../cncnet/id-allotment.ts";
import type { AmplificationBudget } from "../limits/amplification-budget.ts";
import { LimitHash } from "../limits/limit-hash.ts";
import { PairCap } from "../limits/pair-cap.ts";
import { type BucketRate, ratePerMinute } from "../limits/token-buckets.ts";
import { type Datagram, type Protocol, Route } from "../protocol/protocol.ts";
import type { RelayMemory } from "../shared/relay-memory.ts";
import { type RelayDropReason, Total } from "./counter-fields.ts";
import { OperatorCommand } from "./operator-command.ts";
import { PathMeasurer, type ProtocolMethod } from "./path-measurer.ts";
import { WorkerCounters } from "./worker-counters.ts";

/** What may change while the relay runs. */
export interface TunnelLimits {
  /** Pings answered per address prefix and minute; 0 answers nobody. */
  readonly pingsPerMinute: number;
  /** Datagrams from one client to one other each second; 0 is no limit. */
  readonly pairPacketsPerSecond: number;
  /** Of the V3 commands; empty: they are off. */
  readonly maintenancePassword: string;
}

/**
 * Told of the first throw of a burst.
 *
 * @param suppressed throws since the last report, this one not counted
 */
export type OnProtocolError = (error: unknown, during: ProtocolMethod, suppressed: number) => void;

export interface TunnelRelayParts {
  readonly transport: DatagramTransport;
  readonly clients: TunnelClientTable;
  readonly clock: Clock;
  readonly policy: AddressPolicy;
  readonly protocol: Protocol;
  readonly memory: RelayMemory;
  /** Which worker's totals are counted. */
  readonly worker: number;
  readonly limits: TunnelLimits;
  /** Told once a burst of what the protocol throws. */
  readonly onProtocolError?: OnProtocolError | undefined;
}

/** No client: the datagram was dropped and counted. */
const NOBODY = -1;

/**
 * The way of a datagram through one worker: judge the source, let the protocol read, find or register the sender,
 * count, and forward the same bytes to the receiver. Clients, limits and totals are shared with the other workers.
 *
 * The rules are those of the CnCNet V3 tunnel, numbered as in the package's README; the protocol decides only
 * how a datagram names its sender and receiver.
 */
export class TunnelRelay {
  readonly counters: WorkerCounters;
  /** Batches that this thread has dealt with. */
  batches = 0;
  readonly #transport: DatagramTransport;
  readonly #clients: TunnelClientTable;
  readonly #clock: Clock;
  readonly #protocol: Protocol;
  readonly #memory: RelayMemory;
  readonly #hash: LimitHash;
  readonly #pairs: PairCap;
  readonly #budget: AmplificationBudget;
  readonly #measurer: PathMeasurer | undefined;
  readonly #errors: BurstReporter<ProtocolMethod>;
  readonly #route = new Route();
  /** The current datagram's: mostly it is only compared, and needs no object of its own. */
  #source!: Endpoint;
  readonly #bytesReceived = (slot: number): number => {
    const clients = this.#clients;
    return clients.snapshotOf(clients.handle(slot))?.bytesReceived ?? 0;
  };
  readonly #datagram: Datagram = { bytes: new Uint8Array(0), offset: 0, length: 0 };
  #policy: AddressPolicy;
  #pingRate: BucketRate | undefined;
  #command: OperatorCommand;
  #micros = 0;
  // What most datagrams add to, put into the totals once a batch.
  #received = 0;
  #receivedBytes = 0;
  #forwarded = 0;
  #forwardedBytes = 0;

  constructor(parts: TunnelRelayParts) {
    const { transport, clients, clock, protocol, memory } = parts;
    this.#transport = transport;
    this.#clients = clients;
    this.#clock = clock;
    this.#protocol = protocol;
    this.#memory = memory;
    const { hashKeys } = memory.region;
    this.#hash = new LimitHash(hashKeys);
    this.#pairs = new PairCap(memory.pairs, this.#hash, hashKeys, parts.limits.pairPacketsPerSecond);
    this.#budget = memory.budget;
    this.counters = new WorkerCounters(memory.totals(parts.worker));
    const { echoes } = memory;
    const tell = parts.onProtocolError ?? (() => undefined);
    const errors = (this.#errors = new BurstReporter(tell, () => clock.nowMs()));
    this.#measurer =
      protocol.measures && echoes && new PathMeasurer(protocol, clients, clock, echoes, errors);
    this.#policy = parts.policy;
    this.#pingRate = ratePerMinute(parts.limits.pingsPerMinute);
    this.#command = new OperatorCommand(parts.limits.maintenancePassword, memory.control);
    transport.onBatch = (batch) => {
      this.#onBatch(batch);
    };
  }

  /** Other limits and another policy from the next datagram on. */
  configure(limits: TunnelLimits, policy: AddressPolicy): void {
    this.#policy = policy;
    this.#pingRate = ratePerMinute(limits.pingsPerMinute);
    this.#pairs.configure(limits.pairPacketsPerSecond);
    this.#command = new OperatorCommand(limits.maintenancePassword, this.#memory.control);
  }

  #onBatch(batch: DatagramBatch): void {
    const { counters } = this;
    const tick = this.#clock.update();
    this.#micros = this.#clock.recentMicros();
    counters.takeInHand(batch.count);
    const guard = this.#clients.enter();
    try {
      for (let i = 0; i < batch.count; i++) this.#onDatagram(batch, i, tick);
    } finally {
      guard.leave();
      this.#count();
      counters.publish();
    }
  }

  #count(): void {
    const { counters } = this;
    this.batches++;
    counters.add(Total.batches, 1);
    counters.add(Total.received, this.#received);
    counters.add(Total.receivedBytes, this.#receivedBytes);
    counters.add(Total.forwarded, this.#forwarded);
    counters.add(Total.forwardedBytes, this.#forwardedBytes);
    this.#received = 0;
    this.#receivedBytes = 0;
    this.#forwarded = 0;
    this.#forwardedBytes = 0;
  }

  #onDatagram(batch: DatagramBatch, i: number, tick: number): void {
    const { counters } = this;
    const route = this.#route;
    const datagram = this.#datagram;
    const source = (this.#source = batch.endpoint(i));
    datagram.bytes = batch.slab(i);
    datagram.offset = batch.offset(i);
    datagram.length = batch.length(i);
    this.#received++;
    this.#receivedBytes += datagram.length;

    const verdict = this.#policy.judge(source);
    if (verdict !== 0) {
      counters.dropAddress(verdict);
      return;
    }
    route.clear();
    try {
      this.#protocol.read(datagram, route);
    } catch (error) {
      counters.drop("protocolThrew");
      this.#errors.report(error, "read");
      return;
    }
    switch (route.action) {
      case "drop":
        counters.drop(route.reason);
        break;
      case "reply":
        this.#reply(batch, i);
        break;
      case "command":
        if (this.#command.run(datagram, tick)) counters.add(Total.commands, 1);
        else counters.drop("commandRefused");
        break;
      case "register":
        if (this.#sender(batch, i, tick) !== NOBODY) counters.add(Total.registrations, 1);
        break;
      case "forward":
        this.#forward(batch, i, tick);
        break;
    }
  }

  #reply(batch: DatagramBatch, i: number): void {
    const rate = this.#pingRate;
    const source = batch.endpoint(i);
    if (rate === undefined || !this.#memory.pings.take(this.#hash.ofPrefix(source), this.#micros, rate)) {
      this.counters.drop("pingLimit");
      return;
    }
    this.#transport.send(batch.bytes(i).subarray(0, this.#route.replyLength), source);
    this.counters.add(Total.pings, 1);
  }

  #forward(batch: DatagramBatch, i: number, tick: number): void {
    const { counters } = this;
    const clients = this.#clients;
    const { length } = this.#datagram;
    const from = this.#sender(batch, i, tick);
    if (from === NOBODY) return;
    const to = clients.find(this.#route.receiver);
    if (to < 0) {
      counters.drop("unknownReceiver");
      return;
    }
    const endpoint = clients.endpoint(to);
    const refused = this.#refusal(to, endpoint, length);
    if (refused !== undefined) {
      counters.drop(refused);
      return;
    }
    if (this.#transport.forward(batch, i, endpoint, clients.priorityClass(to)) !== 0) {
      counters.drop("notSent");
      return;
    }
    clients.sent(to, length, tick);
    this.#measurer?.forwarded(to);
    this.#forwarded++;
    this.#forwardedBytes += length;
  }

  /** Rule 7, and what one client may be sent. */
  #refusal(to: number, endpoint: Endpoint, length: number): RelayDropReason | undefined {
    const { sender, receiver } = this.#route;
    if (endpointsEqual(endpoint, this.#source)) return "sameEndpoint";
    if (this.#protocol.allotsIds === true && isUnbound(endpoint)) return "unboundReceiver";
    if (!this.#pairs.pass(sender, receiver, this.#micros)) return "pairLimit";
    const spent = this.#budget.spend(to, this.#clients.handle(to), length, this.#bytesReceived);
    return spent ? undefined : "unconfirmed";
  }

  /** Rules 4 to 6: the slot of the datagram's sender, its receive statistics updated; or {@link NOBODY}. */
  #sender(batch: DatagramBatch, i: number, tick: number): number {
    const clients = this.#clients;
    const { control } = this.#memory;
    let slot = clients.find(this.#route.sender);
    if (slot < 0) {
      if (this.#protocol.allotsIds === true) return this.#refuse("unknownSender");
      if (control.refusesNewcomers) return this.#refuse("maintenance");
      slot = clients.join(this.#route.sender, batch.endpoint(i), tick);
      if (slot < 0) return this.#refuse(joinRefusal(slot));
      if (clients.created) this.#measurer?.joined(slot);
    }
    if (clients.isFrom(slot, this.#source)) this.#budget.received(slot, clients.handle(slot));
    else {
      if (this.#protocol.allotsIds !== true || !isUnbound(clients.endpoint(slot))) {
        if (!clients.isTimedOut(slot, tick)) return this.#refuse("idTaken");
        if (control.refusesNewcomers) return this.#refuse("maintenance");
      }
      // Another thread that has just bound it makes this BUSY: its old place rests until our guard ends.
      const refused = clients.rebind(slot, batch.endpoint(i), tick);
      if (refused !== 0) return this.#refuse(joinRefusal(refused));
      this.#budget.rebound(slot, clients.handle(slot));
    }
    clients.received(slot, this.#datagram.length, tick);
    this.#measurer?.received(slot, this.#datagram, batch.waitedMicros(i));
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
    case JOIN_RESTING:
      return "resting";
    case JOIN_BUSY:
      return "busy";
    default:
      return "tableFull";
  }
}
