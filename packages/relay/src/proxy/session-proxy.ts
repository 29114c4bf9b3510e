import type { Endpoint } from "@udp-relay/address-validation";
import type { DatagramBatch } from "@udp-relay/adapters";
import { JOIN_FULL, JOIN_PREFIX_FULL, type TunnelClientTable } from "@udp-relay/tunnel-client";
import { PassingStreams } from "../measure/passing-streams.ts";
import type { AddressDetail } from "../operations/shown-endpoint.ts";
import type { Backend, BackendSpec } from "./backend.ts";
import { BackendPool } from "./backend-pool.ts";
import { CallbackErrors } from "./callback-errors.ts";
import { noDrops, noSessions, type ProxyDrops, type ProxySessions } from "./proxy-counters.ts";
import { type ProxyReport, reportProxy } from "./proxy-report.ts";
import { ProxySession, type StreamWay } from "./proxy-session.ts";
import { reportSessions, type SessionReport } from "./session-report.ts";
import { sessionTable } from "./session-table.ts";
import type { SessionProxyOptions } from "./session-proxy-options.ts";
import { SessionUpstream, type SessionUpstreamOwner } from "./session-upstream.ts";
import { TurnFlush } from "./turn-flush.ts";

/** Sessions looked at in one tick. */
const BUDGET = 2_048;

/**
 * Sessions between clients and backends. Each client has a socket of its own towards its backend and stays with that
 * backend while it lives; when it is down the client's next datagram goes to another. Replies go to the one client that
 * their socket was opened for.
 *
 * Everything happens in the callbacks of the transports and in `tick`. One thread.
 */
export class SessionProxy {
  readonly #options: SessionProxyOptions;
  readonly #clients: TunnelClientTable;
  readonly #pool: BackendPool;
  readonly #sessions: (ProxySession | undefined)[] = [];
  readonly #errors: CallbackErrors;
  readonly drops: ProxyDrops = noDrops();
  readonly counts: ProxySessions = noSessions();
  #live = 0;
  #cursor = 0;
  #draining = false;
  readonly #flush: TurnFlush;

  /** @throws RelayError ERR_RELAY_CONFIG for the backends; TunnelClientError for limits out of range */
  constructor(options: SessionProxyOptions) {
    const { clock, openUpstream, transport } = options;
    this.#options = options;
    this.#errors = new CallbackErrors(options.onCallbackError);
    this.#pool = new BackendPool(options.backends, options, this.#errors, openUpstream, () => clock.nowMs());
    this.#clients = sessionTable(options);
    this.#flush = new TurnFlush(transport);
    transport.onBatch = this.#onBatch;
  }

  get localEndpoint(): Endpoint {
    return this.#options.transport.localEndpoint;
  }

  /** Sessions that have a socket. */
  get sessions(): number {
    return this.#live;
  }

  /** What callbacks of yours threw: `onHealth`, and `measurer`, whose datagram passed unmeasured. */
  get callbackErrors(): number {
    return this.#errors.count;
  }

  /** Whether a new client would get a session, but for the limits. */
  get takesSessions(): boolean {
    return !this.#draining && this.#pool.choose() !== undefined;
  }

  /** Time has passed: sends and judges probes, ends idle sessions. Call it at least four times in a probe's timeout. */
  tick(): void {
    const nowMs = this.#options.clock.nowMs();
    this.#pool.tick(nowMs);
    this.#clients.sweep(nowMs >>> 0, BUDGET);
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
      }
    } finally {
      guard.leave();
    }
  }

  /**
   * Other backends. No session is lost: those of a backend that is gone from the list stay with it until they are idle.
   *
   * @throws RelayError ERR_RELAY_CONFIG, and nothing has changed
   */
  reload(backends: readonly BackendSpec[]): void {
    this.#pool.replace(backends);
  }

  /** Takes no new session from now on, or takes them again; the old ones go on. */
  drain(draining = true): void {
    this.#draining = draining;
  }

  /** No new session for one backend, by its `address:port`; false if there is none of that name. */
  drainBackend(name: string, draining = true): boolean {
    const backend = this.#pool.backends.find((other) => other.name === name);
    if (backend !== undefined) backend.draining = draining;
    return backend !== undefined;
  }

  report(): ProxyReport {
    return reportProxy(this, this.#options, this.#pool.backends, this.#sessions);
  }

  /** All sessions, in one go: nothing is proxied meanwhile. */
  reportSessions(addresses: AddressDetail = "full"): SessionReport[] {
    return reportSessions(this.#sessions, this.#clients, addresses);
  }

  async close(): Promise<void> {
    this.#pool.close();
    for (const session of this.#sessions) session?.upstream?.close();
    this.#sessions.length = 0;
    this.#live = 0;
    this.#options.transport.onBatch = undefined;
    await this.#options.transport.close();
    this.#clients[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #onBatch = (batch: DatagramBatch): void => {
    const nowMs = this.#options.clock.nowMs();
    const guard = this.#clients.enter();
    try {
      for (let i = 0; i < batch.count; i++) this.#fromClient(batch, i, nowMs);
    } finally {
      guard.leave();
    }
  };

  #fromClient(batch: DatagramBatch, index: number, nowMs: number): void {
    const { policy, packetsPerSecond } = this.#options;
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
    } else this.drops.upstreamFull += 1;
  }

  /** The client's session, with a socket to a backend that lives, if that can be; undefined, and counted, if not. */
  #sessionOf(client: Endpoint, nowMs: number): ProxySession | undefined {
    const known = this.#clients.findEndpoint(client);
    if (known < 0) return this.#begin(client, nowMs);
    const session = this.#sessions[known];
    if (session?.handle !== this.#clients.handle(known)) return this.#begin(client, nowMs);
    if (session.backend.health.isDown) {
      const next = this.#pool.choose(session.backend);
      if (next !== undefined) this.#move(session, known, next);
    }
    return session;
  }

  #begin(client: Endpoint, nowMs: number): ProxySession | undefined {
    const backend = this.#draining ? undefined : this.#pool.choose();
    if (backend === undefined) {
      if (this.#draining) this.drops.draining += 1;
      else this.drops.noBackend += 1;
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
    const { measurer } = this.#options;
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
      events.upstream = this.#options.openUpstream(backend.endpoint, events);
    } catch {
      // Too many open files, most likely: the client's next datagram tries again.
      queueMicrotask(() => this.#fail(slot, session));
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
    const { transport, clock } = this.#options;
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
      this.#flush.soon();
    } finally {
      guard.leave();
    }
  }

  /** Returns the round trip in ms that the datagram told, -1 if none. */
  #measure(session: ProxySession, way: StreamWay, bytes: Uint8Array, arrivalMs: number): number {
    try {
      return session.measure(way, bytes, arrivalMs);
    } catch (error) {
      this.#errors.add(error);
      return -1;
    }
  }

  #fail(slot: number, session: ProxySession): void {
    if (this.#sessions[slot] !== session) return;
    this.#end(slot, session, "failed");
    this.#clients.remove(session.handle);
  }

  #whyGone(session: ProxySession): "expired" | "evicted" {
    const idleMs = this.#options.clock.nowMs() - session.lastFromClientMs;
    return idleMs >= this.#options.idleTimeoutMs ? "expired" : "evicted";
  }

  #end(slot: number, session: ProxySession, why: "expired" | "evicted" | "failed"): void {
    session.reportStreams();
    session.upstream?.close();
    session.upstream = undefined;
    session.backend.sessions -= 1;
    this.#sessions[slot] = undefined;
    this.#live -= 1;
    this.counts[why] += 1;
  }
}
