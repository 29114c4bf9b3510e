import { endpointsEqual, type Endpoint } from "@udp-relay/address-validation";
import { type Clock, CoarseClock } from "@udp-relay/clock";
import { ClientPool, NO_ENDPOINT, type PooledClient } from "./client-pool.ts";
import type { ClientSnapshot } from "./client-snapshot.ts";
import { type PriorityWeightOptions, priorityWeights } from "./priority-score.ts";
import { requireNumber, TunnelClientError } from "./tunnel-client-error.ts";

/** How a client is made. Options of a `TunnelClientTable` have the same names, ranges and defaults. */
export interface TunnelClientOptions {
  /** A client that has sent nothing for this long has timed out, 8..2^30 ms. */
  readonly timeoutMs: number;
  /** Where it is reached; it may also get that later, or never. */
  readonly endpoint?: Endpoint | undefined;
  /** Time constant of the rates, 16 ms to an hour; 5,000 ms by default. */
  readonly timeConstantMs?: number | undefined;
  /** `isSlow` below this many bytes a second, both directions together; 100,000 by default. */
  readonly slowBytesPerSecond?: number | undefined;
  /** What each term of the priority counts; 1 each by default. */
  readonly weights?: PriorityWeightOptions | undefined;
  /** Where ticks come from that a call is not given; by default one clock of this thread's, read at each such call. */
  readonly clock?: Clock | undefined;
}

/** A client's connection in a few numbers, for people. */
export interface ConnectionInfo {
  readonly endpoint: Endpoint | undefined;
  /** Since the client was made, or since the last reset. */
  readonly ageMs: number;
  /** Since the last datagram from it, or since it was made. */
  readonly idleMs: number;
  /** Datagrams in both directions since the client was made, or since the last reset; bytes likewise. */
  readonly packets: number;
  readonly bytes: number;
  /** Both directions together. */
  readonly bytesPerSecond: number;
  /** 0..65,535, lower is better. */
  readonly priority: number;
  readonly isSlow: boolean;
  readonly isTimedOut: boolean;
}

/** As a table's, but that a client need not have an endpoint; handle and id are of the private table. */
export type TunnelClientSnapshot = Omit<ClientSnapshot, "endpoint"> & {
  readonly endpoint: Endpoint | undefined;
};

/**
 * One client by itself, for a relay that keeps its own `Map`: the crate's `TunnelClient`. It takes a slot of a private,
 * growing table of its thread, which `using` or `[Symbol.dispose]()` frees, or else the collection of the object. Ticks are
 * u32 milliseconds of any one clock. For clients shared by threads, and for many of them, take a `TunnelClientTable`.
 *
 * Concurrency: a client and all its methods are one thread's. Once it is disposed of, each of them but the disposal throws
 * a TunnelClientError ERR_TUNNEL_CLIENT_DISPOSED.
 */
export class TunnelClient {
  readonly #place: PooledClient;
  readonly #clock: Clock;
  #disposed = false;

  /** @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION */
  constructor(options: TunnelClientOptions) {
    const { timeoutMs, timeConstantMs = 5_000, slowBytesPerSecond = 100_000 } = options;
    const pool = ClientPool.for({
      timeoutMs: requireNumber("timeoutMs", timeoutMs, 8, 2 ** 30),
      timeConstantMs,
      slowBytesPerSecond,
      weights: priorityWeights(options.weights),
    });
    this.#clock = options.clock ?? threadClock();
    this.#place = pool.add(options.endpoint ?? NO_ENDPOINT, this.#clock.update());
    collected.register(this, this.#place, this);
  }

  /** Counts a datagram from the client of that many bytes, >= 0. */
  received(bytes: number, tick: number = this.#clock.update()): void {
    const slot = this.#slot();
    const { table } = this.#place;
    const guard = table.enter();
    table.received(slot, bytes, tick);
    guard.leave();
  }

  /** Counts a datagram to the client of that many bytes, >= 0. */
  sent(bytes: number, tick: number = this.#clock.update()): void {
    const slot = this.#slot();
    const { table } = this.#place;
    const guard = table.enter();
    table.sent(slot, bytes, tick);
    guard.leave();
  }

  /** Notes the client's round trip, in ms, >= 0. */
  setLatency(latencyMs: number): void {
    this.#place.table.setLatency(this.#slot(), latencyMs);
  }

  /** Notes the client's loss, lost packets in 1,000, clamped to 0..1,000. */
  setLossPerMille(lossPerMille: number): void {
    this.#place.table.setLossPerMille(this.#slot(), lossPerMille);
  }

  /** Notes the client's jitter, in ms, >= 0. */
  setJitter(jitterMs: number): void {
    this.#place.table.setJitter(this.#slot(), jitterMs);
  }

  /** Sets counters, rates and age back to nothing; latency, loss and last receive stay. */
  resetStats(tick: number = this.#clock.update()): void {
    this.#place.table.resetStats(this.#slot(), tick);
  }

  /** Reached elsewhere from now on, as after a NAT rebinding; the statistics go on. */
  rebind(endpoint: Endpoint): void {
    this.#place.table.rebind(this.#slot(), endpoint, this.#clock.update());
  }

  /** Where the client is reached; undefined while that is not known. */
  get endpoint(): Endpoint | undefined {
    const endpoint = this.#place.table.endpoint(this.#slot());
    return endpointsEqual(endpoint, NO_ENDPOINT) ? undefined : endpoint;
  }

  /** Whether nothing has come from the client for `timeoutMs`. */
  isTimedOut(tick: number = this.#clock.update()): boolean {
    return this.#place.table.isTimedOut(this.#slot(), tick);
  }

  /** Whether both rates together are below the threshold now. */
  isSlow(tick: number = this.#clock.update()): boolean {
    return this.snapshot(tick).isSlow;
  }

  /** The client's score, 0..65,535, lower is better; see `priorityScore`. Computed only if an input has changed. */
  priority(tick: number = this.#clock.update()): number {
    return this.#place.table.priority(this.#slot(), tick);
  }

  /** The tick of the last `received`, u32 ms, or that at which the client was made. */
  get lastReceiveTick(): number {
    return this.#place.table.lastReceiveTick(this.#slot());
  }

  /** The few numbers that one would print. */
  connectionInfo(tick: number = this.#clock.update()): ConnectionInfo {
    const { endpoint, ageMs, idleMs, priority, isSlow, isTimedOut, ...rest } = this.snapshot(tick);
    return {
      endpoint,
      ageMs,
      idleMs,
      packets: rest.packetsReceived + rest.packetsSent,
      bytes: rest.bytesReceived + rest.bytesSent,
      bytesPerSecond: rest.bytesPerSecondIn + rest.bytesPerSecondOut,
      priority,
      isSlow,
      isTimedOut,
    };
  }

  /** Everything that is known, at once. */
  snapshot(tick: number = this.#clock.update()): TunnelClientSnapshot {
    this.#slot();
    const { table, handle } = this.#place;
    const known = table.snapshotOf(handle, tick)!;
    return { ...known, endpoint: endpointsEqual(known.endpoint, NO_ENDPOINT) ? undefined : known.endpoint };
  }

  /** Gives the slot back. A second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    collected.unregister(this);
    this.#place.table.remove(this.#place.handle);
  }

  /** The table is this thread's alone and nothing sweeps it: outside a guard the slot is as good as in one. */
  #slot(): number {
    if (this.#disposed) throw new TunnelClientError("ERR_TUNNEL_CLIENT_DISPOSED", "the client was disposed");
    return this.#place.table.resolve(this.#place.handle);
  }
}

/** Slots of clients that were not disposed come back when their objects are collected. */
const collected = new FinalizationRegistry<PooledClient>(({ table, handle }) => {
  table.remove(handle);
});

let clock: Clock | undefined;

function threadClock(): Clock {
  return (clock ??= new CoarseClock());
}
