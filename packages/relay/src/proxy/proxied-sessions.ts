import type { Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch } from "@udp-relay/adapters";
import { JOIN_FULL, JOIN_PREFIX_FULL, type TunnelClientTable } from "@udp-relay/tunnel-client";
import { PassingStreams } from "../measure/passing-streams.ts";
import type { Backend } from "./backend.ts";
import { KnownSessions } from "./known-sessions.ts";
import type { ProxiedSessionsParts } from "./proxied-sessions-parts.ts";
import { noCrossings, noDrops, noSessions } from "./proxy-counters.ts";
import type { ProxyDrops, ProxySessions, SessionCrossings } from "./proxy-counters.ts";
import { ProxySession, type StreamWay } from "./proxy-session.ts";
import { SessionUpstream, type SessionUpstreamOwner } from "./session-upstream.ts";
import { SessionWatch } from "./session-watch.ts";

/** Sessions looked at in one tick. */
const BUDGET = 2_048;

/**
 * The sessions of one thread, between its clients and the backends. Everything happens in the callbacks of the
 * transports and in `tick`; nothing of it waits for a promise or a timer.
 */
export class ProxiedSessions {
  readonly drops: ProxyDrops = noDrops();
  readonly counts: ProxySessions = noSessions();
  readonly crossings: SessionCrossings = noCrossings();
  /** Changes of `drops`, of `counts` and of `live`, and of all that is counted of backends but their traffic. */
  changes = 0;
  readonly #parts: ProxiedSessionsParts;
  readonly #clients: TunnelClientTable;
  readonly #sessions: (ProxySession | undefined)[] = [];
  readonly #known: KnownSessions;
  readonly #watch: SessionWatch | undefined;
  #live = 0;
  #cursor = 0;

  /** @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION for thresholds that are none */
  constructor(parts: ProxiedSessionsParts) {
    const { clients, health = {}, onSession } = parts;
    this.#parts = parts;
    this.#clients = clients;
    this.#known = new KnownSessions(clients, this.#sessions);
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
        if (this.#clients.resolve(session.handle) < 0) this.#end(session, this.#whyGone(session));
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
    const { policy, packetsPerSecond, prefixRate, counted } = this.#parts;
    const known = this.#known.find(batch, index);
    const client = known?.client ?? batch.endpoint(index);
    // Whoever has a session was judged when it began, by the same policy.
    if (known === undefined && policy !== undefined && policy.judge(client) !== 0) {
      this.#drop("address");
      return;
    }
    // Its own limit first: who floods uses up nothing of what its neighbours behind one address may send.
    if (known !== undefined && packetsPerSecond !== undefined && !known.mayPass(nowMs, packetsPerSecond)) {
      this.#drop("rateLimited");
      return;
    }
    if (prefixRate?.take(client, nowMs) === false) {
      this.#drop("prefixRateLimited");
      return;
    }
    const session = known === undefined ? this.#begin(client, nowMs) : this.#alive(known);
    if (session === undefined) return;
    const length = batch.length(index);
    const { backend, upstream } = session;
    session.lastFromClientMs = nowMs;
    // Whoever removes the client now leaves the slot alone until the batch's guard ends.
    this.#clients.received(session.slot, length, nowMs >>> 0);
    if (session.streams !== undefined)
      this.#measure(session, "fromClient", batch.bytes(index), nowMs - batch.waitedMicros(index) / 1_000);
    if (upstream?.forward(batch, index) === true) {
      backend.traffic.datagramsTo += 1;
      backend.traffic.bytesTo += length;
      if (!backend.isUnpublished) counted?.(backend);
      return;
    }
    this.#drop("upstreamFull");
    // It could not be opened: the client's next datagram tries again.
    if (upstream === undefined) this.#fail(session);
  }

  /** The session, with a socket to a backend that lives, if there is one. */
  #alive(session: ProxySession): ProxySession {
    if (session.backend.health.isDown) {
      const next = this.#parts.backends.choose(session.backend);
      if (next !== undefined) this.#move(session, next);
    }
    return session;
  }

  /** A new session for the client; undefined, and counted, if there cannot be one. */
  #begin(client: Endpoint, nowMs: number): ProxySession | undefined {
    if (this.#parts.refuses()) {
      this.#drop("draining");
      return undefined;
    }
    const backend = this.#parts.backends.choose();
    if (backend === undefined) {
      this.#drop("noBackend");
      return undefined;
    }
    const slot = this.#clients.joinEndpoint(client, nowMs >>> 0);
    if (slot < 0) {
      this.#drop(
        slot === JOIN_FULL ? "sessionsFull" : slot === JOIN_PREFIX_FULL ? "prefixFull" : "tableBusy",
      );
      return undefined;
    }
    const stale = this.#sessions[slot];
    if (stale !== undefined) this.#end(stale, this.#whyGone(stale));
    const { measurer, packetsPerSecond } = this.#parts;
    const streams = measurer === undefined ? undefined : new PassingStreams(measurer);
    const session = new ProxySession(this.#clients.handle(slot), slot, client, backend, streams, nowMs);
    if (packetsPerSecond !== undefined) session.mayPass(nowMs, packetsPerSecond);
    // Index by index: an array with gaps is a slow one.
    while (this.#sessions.length <= slot) this.#sessions.push(undefined);
    this.#sessions[slot] = session;
    this.#live += 1;
    this.#count("opened");
    this.#give(session);
    return session;
  }

  #move(session: ProxySession, to: Backend): void {
    session.backend.movedAway += 1;
    this.#take(session);
    this.#count("moved");
    session.backend = to;
    this.#give(session);
  }

  /** The session's backend has one more, to which a socket is opened. */
  #give(session: ProxySession): void {
    const { backend } = session;
    backend.sessions += 1;
    backend.sessionsTotal += 1;
    this.#parts.counted?.(backend);
    const events = new SessionUpstream(this.#owner, session);
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
    failed: (session) => {
      this.#fail(session);
    },
    refused: ({ backend }) => {
      backend.refused += 1;
      this.changes += 1;
      this.#parts.counted?.(backend);
    },
    late: () => {
      this.#drop("late");
    },
    foreign: () => {
      this.#drop("foreign");
    },
  };

  #fromBackend(session: ProxySession, bytes: Uint8Array): void {
    const { transport, clock, counted } = this.#parts;
    const { backend } = session;
    const nowMs = clock.nowMs();
    const guard = this.#clients.enter();
    try {
      const slot = this.#clients.resolve(session.handle);
      backend.traffic.datagramsFrom += 1;
      backend.traffic.bytesFrom += bytes.length;
      if (!backend.isUnpublished) counted?.(backend);
      if (slot < 0) {
        this.#drop("late");
        return;
      }
      if (session.streams !== undefined) {
        const rttMs = this.#measure(session, "fromBackend", bytes, nowMs);
        if (rttMs >= 0) backend.recordRtt(rttMs);
      }
      if (transport.send(bytes, session.client) !== 0) this.#drop("clientSend");
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

  #fail(session: ProxySession): void {
    if (this.#sessions[session.slot] !== session) return;
    this.#end(session, "failed");
    this.#clients.remove(session.handle);
  }

  #whyGone(session: ProxySession): "expired" | "evicted" {
    const idleMs = this.#parts.clock.nowMs() - session.lastFromClientMs;
    return idleMs >= this.#parts.idleTimeoutMs ? "expired" : "evicted";
  }

  #end(session: ProxySession, why: "expired" | "evicted" | "failed"): void {
    this.#take(session);
    session.upstream = undefined;
    this.#known.forget(session);
    this.#sessions[session.slot] = undefined;
    this.#live -= 1;
    this.#count(why);
  }

  /** The session's backend has one less, whose socket is closed. */
  #take(session: ProxySession): void {
    const { backend, upstream } = session;
    session.reportStreams();
    upstream?.close();
    this.#watch?.forget(session);
    backend.sessions -= 1;
    this.#parts.counted?.(backend);
  }

  #drop(reason: keyof ProxyDrops): void {
    this.drops[reason] += 1;
    this.changes += 1;
  }

  #count(what: keyof ProxySessions): void {
    this.counts[what] += 1;
    this.changes += 1;
  }
}
