import type { Endpoint } from "@udp-relay/address-validation";
import { TunnelClientError, type TunnelClientTable } from "@udp-relay/tunnel-client";
import { PrefixRate } from "../limits/prefix-rate.ts";
import { RelayError } from "../relay-error.ts";
import type { AddressDetail } from "../operations/shown-endpoint.ts";
import type { BackendSpec } from "./backend.ts";
import { BackendPool } from "./backend-pool.ts";
import { CallbackErrors } from "./callback-errors.ts";
import type { OperatedProxy } from "./operated-proxy.ts";
import { ProxiedSessions } from "./proxied-sessions.ts";
import { prefixLimitOf } from "./proxy-parts.ts";
import type { ProxyDrops, ProxySessions, SessionCrossings } from "./proxy-counters.ts";
import { type ProxyReport, reportProxy } from "./proxy-report.ts";
import { reportSessions, type SessionReport } from "./session-report.ts";
import { sessionTable } from "./session-table.ts";
import type { SessionProxyOptions } from "./session-proxy-options.ts";
import { TurnFlush } from "./turn-flush.ts";

/**
 * Sessions between clients and backends. Each client has a socket of its own towards its backend and stays with that
 * backend while it lives; when it is down the client's next datagram goes to another. Replies go to the one client that
 * their socket was opened for.
 *
 * Everything happens in the callbacks of the transports and in `tick`. One thread.
 */
export class SessionProxy implements OperatedProxy, AsyncDisposable {
  readonly #options: SessionProxyOptions;
  readonly #clients: TunnelClientTable;
  readonly #pool: BackendPool;
  readonly #sessions: ProxiedSessions;
  readonly #errors: CallbackErrors;
  #draining = false;

  /**
   * @throws RelayError ERR_RELAY_CONFIG for the backends, the limits and the thresholds, and nothing was opened
   */
  constructor(options: SessionProxyOptions) {
    const { clock, openUpstream, transport } = options;
    this.#options = options;
    this.#errors = new CallbackErrors(options.onError);
    this.#pool = new BackendPool(options.backends, options, this.#errors, openUpstream, () => clock.nowMs());
    try {
      this.#clients = sessionTable(options);
    } catch (error) {
      this.#pool.close();
      throw error;
    }
    const flush = new TurnFlush(transport);
    const prefixRate = PrefixRate.alone(prefixLimitOf(options));
    try {
      this.#sessions = new ProxiedSessions({
        ...options,
        clients: this.#clients,
        backends: this.#pool,
        errors: this.#errors,
        prefixRate,
        refuses: () => this.#draining,
        onSession: (change) => {
          this.#errors.guard(() => options.onSession?.(change));
        },
        sent: () => {
          flush.soon();
        },
      });
    } catch (error) {
      this.#pool.close();
      this.#clients[Symbol.dispose]();
      if (!(error instanceof TunnelClientError)) throw error;
      throw new RelayError("ERR_RELAY_CONFIG", `health: ${error.message}`, { cause: error });
    }
  }

  /** The address and port that clients send to. */
  get localEndpoint(): Endpoint {
    return this.#options.transport.localEndpoint;
  }

  /** Datagrams dropped so far. The object is the proxy's own: it goes on counting. */
  get drops(): ProxyDrops {
    return this.#sessions.drops;
  }

  /** Sessions so far. The object is the proxy's own: it goes on counting. */
  get counts(): ProxySessions {
    return this.#sessions.counts;
  }

  /** How often a session's stream went beyond a limit, by which it was. */
  get crossings(): SessionCrossings {
    return this.#sessions.crossings;
  }

  /** Sessions that have a socket. */
  get sessions(): number {
    return this.#sessions.live;
  }

  /** What callbacks of yours threw: `onHealth`, `onSession`, and `measurer`, whose datagram passed unmeasured. */
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
    this.#sessions.tick(nowMs);
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
    return this.#pool.drain(name, draining);
  }

  /** Everything that is known now, ready for JSON. */
  report(): ProxyReport {
    const { transport, measurer, upstreamStats } = this.#options;
    const sessions = this.#sessions;
    return reportProxy(sessions, {
      localEndpoint: this.localEndpoint,
      backends: this.#pool.backends,
      isMeasured: measurer !== undefined,
      transport: transport.stats(),
      upstreams: upstreamStats?.() ?? null,
      callbackErrors: this.callbackErrors,
    });
  }

  /** As `report`, which is of this moment here: for a proxy of several threads it is later. */
  freshReport(): Promise<ProxyReport> {
    return Promise.resolve(this.report());
  }

  /** All sessions, in one go: nothing is proxied meanwhile. */
  reportSessions(addresses: AddressDetail = "full"): SessionReport[] {
    return reportSessions(this.#sessions.all, this.#clients, addresses);
  }

  /** Ends all sessions and closes the transport. */
  async close(): Promise<void> {
    this.#pool.close();
    this.#sessions.close();
    await this.#options.transport.close();
    this.#clients[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
