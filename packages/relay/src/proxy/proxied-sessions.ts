import type { AddressPolicy, Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch, DatagramTransport } from "@udp-relay/adapters";
import { JOIN_FULL, JOIN_PREFIX_FULL, type TunnelClientTable } from "@udp-relay/tunnel-client";
import { PassingStreams } from "../measure/passing-streams.ts";
import type { StreamMeasurer } from "../measure/stream-measurer.ts";
import type { Backend } from "./backend.ts";
import type { SessionBackends } from "./backend-choice.ts";
import type { HealthOptions } from "./backend-health.ts";
import type { CallbackErrors } from "./callback-errors.ts";
import { noCrossings, noDrops, noSessions } from "./proxy-counters.ts";
import type { ProxyDrops, ProxySessions, SessionCrossings } from "./proxy-counters.ts";
import { ProxySession, type StreamWay } from "./proxy-session.ts";
import { SessionUpstream, type SessionUpstreamOwner } from "./session-upstream.ts";
import { type SessionChange, SessionWatch } from "./session-watch.ts";
import type { OpenUpstream } from "./upstream.ts";

/** Sessions looked at in one tick. */
const BUDGET = 2_048;

/** What one thread's sessions work with. */
export interface ProxiedSessionsParts {
  /** Where clients send to. Its `onBatch` is set. */
  readonly transport: DatagramTransport;
  readonly openUpstream: OpenUpstream;
  readonly clock: { nowMs(): number };
  /** By endpoint; other threads may use it, too. */
  readonly clients: TunnelClientTable;
  readonly backends: SessionBackends;
  readonly errors: CallbackErrors;
  readonly idleTimeoutMs: number;
  readonly packetsPerSecond?: number;
  readonly policy?: AddressPolicy;
  readonly measurer?: StreamMeasurer;
  readonly health?: HealthOptions;
  /** Whether newcomers are refused for now. */
  readonly refuses: () => boolean;
  readonly onSession: (change: SessionChange) => void;
  /** Something was sent to a client, which `transport.flush` sends off. */
  readonly sent: () => void;
}

/**
 * The sessions of one thread, between its clients and the backends. Everything happens in the callbacks of the
 * transports and in `tick`; nothing of it waits for a promise or a timer.
 */
export class ProxiedSessions {
  readonly drops: ProxyDrops = noDrops();
  readonly counts: ProxySessions = noSessions();
  readonly crossings: SessionCrossings = noCrossings();
  readonly #parts: ProxiedSessionsParts;
  readonly #clients: TunnelClientTable;
  readonly #sessions: (ProxySession | undefined)[] = [];
  readonly #watch: SessionWatch | undefined;
  #live = 0;
  #cursor = 0;

  /** @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION for thresholds that are none */
  constructor(parts: ProxiedSessionsParts) {
    const { clients, health = {}, onSession } = parts;
    this.#parts = parts;
    this.#clients = clients;
    if (parts.measurer !== undefined)
      this.#watch = new SessionWatch(clients, this.#sessions, health, this.crossings, onSession);
    parts.transport.onBatch = this.#onBatch;
  }

  /** Sessions that have a socket. */
  get live(): number {
    return this.#live;
  }

  /** By slot of the client table. */
  get all(): readonly (ProxySession | undefined)[] {
    return this.#sessions;
  }

  /** Time has passed: ends idle sessions. */
  tick(nowMs: number): void {
    this.#clients.sweep(nowMs >>> 0, this.#watch?.sweepBudget ?? BUDGET);
    const guard = this.#clients.enter();
    try {
      const { length } = this.#sessions;
      for (let n = Math.min(BUDGET, length); n > 0; n--) {
        this.#cursor = this.#cursor + 1 < length ? this.#cursor + 1 : 0;
        const session = this.#sessions[this.#cursor];
        if (session === undefined) continue;
        session.reportStreams();
        if (this.#clients.resolve(session.handle) < 0)
          this.#end(this.#cursor, session, this.#whyGone(session));
        else this.#watch?.look(session, this.#cursor, nowMs);
      }
    } finally {
      guard.leave();
    }
  }

  /** Closes all upstreams; the transport and the table are the caller's. */
  close(): void {
    for (const session of this.#sessions) session?.upstream?.close();
    this.#sessions.length = 0;
    this.#live = 0;
    this.#parts.transport.onBatch = undefined;
  }

  readonly #onBatch = (batch: DatagramBatch): void => {
    const nowMs = this.#parts.clock.nowMs();
    const guard = this.#clients.enter();
    try {
      for (let i = 0; i < batch.count; i++) this.#fromClient(batch, i, nowMs);
    } finally {
      guard.leave();
    }
  };

  #fromClient(batch: DatagramBatch, index: number, nowMs: number): void {
    const { policy, packetsPerSecond } = this.#parts;
    const client = batch.endpoint(index);
    if (policy !== undefined && policy.judge(client) !== 0) {
      this.drops.address += 1;
      return;
    }
    const session = this.#sessionOf(client, nowMs);
    if (session === undefined) return;
    if (packetsPerSecond !== undefined && !session.mayPass(nowMs, packetsPerSecond)) {
      this.drops.rateLimited += 1;
      return;
    }
    const bytes = batch.bytes(index);
    const { backend, upstream } = session;
    session.lastFromClientMs = nowMs;
    this.#clients.received(this.#clients.resolve(session.handle), bytes.length, nowMs >>> 0);
    this.#measure(session, "fromClient", bytes, nowMs - batch.waitedMicros(index) / 1_000);
    if (upstream?.send(bytes, batch.stable) === true) {
      backend.traffic.datagramsTo += 1;
      backend.traffic.bytesTo += bytes.length;
      return;
    }
    this.drops.upstreamFull += 1;
    // It could not be opened: the client's next datagram tries again.
    if (upstream === undefined) this.#fail(this.#clients.resolve(session.handle), session);
  }

  /** The client's session, with a socket to a backend that lives, if that can be; undefined, and counted, if not. */
  #sessionOf(client: Endpoint, nowMs: number): ProxySession | undefined {
    const known = this.#clients.findEndpoint(client);
    if (known < 0) return this.#begin(client, nowMs);
    const session = this.#sessions[known];
    if (session?.handle !== this.#clients.handle(known)) return this.#begin(client, nowMs);
    if (session.backend.health.isDown) {
      const next = this.#parts.backends.choose(session.backend);
      if (next !== undefined) this.#move(session, known, next);
    }
    return session;
  }

  #begin(client: Endpoint, nowMs: number): ProxySession | undefined {
    if (this.#parts.refuses()) {
      this.drops.draining += 1;
      return undefined;
    }
    const backend = this.#parts.backends.choose();
    if (backend === undefined) {
      this.drops.noBackend += 1;
      return undefined;
    }
    const slot = this.#clients.joinEndpoint(client, nowMs >>> 0);
    if (slot < 0) {
      if (slot === JOIN_FULL) this.drops.sessionsFull += 1;
      else if (slot === JOIN_PREFIX_FULL) this.drops.prefixFull += 1;
      else this.drops.tableBusy += 1;
      return undefined;
    }
    const stale = this.#sessions[slot];
    if (stale !== undefined) this.#end(slot, stale, this.#whyGone(stale));
    const { measurer } = this.#parts;
    const streams = measurer === undefined ? undefined : new PassingStreams(measurer);
    const session = new ProxySession(this.#clients.handle(slot), client, backend, streams, nowMs);
    this.#sessions[slot] = session;
    this.#live += 1;
    this.counts.opened += 1;
    backend.sessions += 1;
    backend.sessionsTotal += 1;
    this.#connect(session, slot);
    return session;
  }

  #move(session: ProxySession, slot: number, to: Backend): void {
    session.upstream?.close();
    session.reportStreams();
    this.#watch?.forget(session);
    session.backend.sessions -= 1;
    session.backend.movedAway += 1;
    session.backend = to;
    to.sessions += 1;
    to.sessionsTotal += 1;
    this.counts.moved += 1;
    this.#connect(session, slot);
  }

  #connect(session: ProxySession, slot: number): void {
    const { backend } = session;
    const events = new SessionUpstream(this.#owner, session, slot);
    try {
      events.upstream = this.#parts.openUpstream(backend.endpoint, events);
    } catch {
      // Too many open files, most likely.
    }
    session.upstream = events.upstream;
  }

  readonly #owner: SessionUpstreamOwner = {
    fromBackend: (session, bytes) => {
      this.#fromBackend(session, bytes);
    },
    failed: (session, slot) => {
      this.#fail(slot, session);
    },
    late: () => (this.drops.late += 1),
    foreign: () => (this.drops.foreign += 1),
  };

  #fromBackend(session: ProxySession, bytes: Uint8Array): void {
    const { transport, clock } = this.#parts;
    const { backend } = session;
    const nowMs = clock.nowMs();
    const guard = this.#clients.enter();
    try {
      const slot = this.#clients.resolve(session.handle);
      backend.traffic.datagramsFrom += 1;
      backend.traffic.bytesFrom += bytes.length;
      if (slot < 0) {
        this.drops.late += 1;
        return;
      }
      const rttMs = this.#measure(session, "fromBackend", bytes, nowMs);
      if (rttMs >= 0) backend.recordRtt(rttMs);
      if (transport.send(bytes, session.client) !== 0) this.drops.clientSend += 1;
      else this.#clients.sent(slot, bytes.length, nowMs >>> 0);
      this.#parts.sent();
    } finally {
      guard.leave();
    }
  }

  /** Returns the round trip in ms that the datagram told, -1 if none. */
  #measure(session: ProxySession, way: StreamWay, bytes: Uint8Array, arrivalMs: number): number {
    try {
      return session.measure(way, bytes, arrivalMs);
    } catch (error) {
      this.#parts.errors.add(error);
      return -1;
    }
  }

  #fail(slot: number, session: ProxySession): void {
    if (this.#sessions[slot] !== session) return;
    this.#end(slot, session, "failed");
    this.#clients.remove(session.handle);
  }

  #whyGone(session: ProxySession): "expired" | "evicted" {
    const idleMs = this.#parts.clock.nowMs() - session.lastFromClientMs;
    return idleMs >= this.#parts.idleTimeoutMs ? "expired" : "evicted";
  }

  #end(slot: number, session: ProxySession, why: "expired" | "evicted" | "failed"): void {
    session.reportStreams();
    session.upstream?.close();
    session.upstream = undefined;
    this.#watch?.forget(session);
    session.backend.sessions -= 1;
    this.#sessions[slot] = undefined;
    this.#live -= 1;
    this.counts[why] += 1;
  }
}
