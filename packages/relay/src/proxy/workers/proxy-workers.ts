import { type Endpoint, formatAddress } from "@udp-relay/address-validation";
import { openTransport } from "@udp-relay/adapters";
import type { DescriptorJournal, LinuxSockets } from "@udp-relay/adapters/linux";
import { CoarseClock } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { RelayLog } from "../../operations/relay-log.ts";
import type { AddressDetail } from "../../operations/shown-endpoint.ts";
import { RelayError } from "../../relay-error.ts";
import { SupervisedThreads } from "../../worker/supervised-threads.ts";
import type { Backend, BackendSpec } from "../backend.ts";
import type { HealthChange } from "../backend-health.ts";
import { BackendPool } from "../backend-pool.ts";
import { CallbackErrors } from "../callback-errors.ts";
import { connectedUpstreams } from "../connected-upstream.ts";
import type { OperatedProxy } from "../operated-proxy.ts";
import type { ProxyConfig } from "../proxy-config.ts";
import { healthOf, policyOf, probeOf, refuseLoops, tickMsOf } from "../proxy-parts.ts";
import type { ProxyReport } from "../proxy-report.ts";
import type { SessionReport } from "../session-report.ts";
import { sessionTable } from "../session-table.ts";
import { settleProxyDeath } from "./dead-proxy-worker.ts";
import { PlacedBackends } from "./placed-backends.ts";
import { Field } from "./proxy-fields.ts";
import { ProxyMemory } from "./proxy-memory.ts";
import type { FromProxyWorker, ProxyWorkerStart, ToProxyWorker } from "./proxy-messages.ts";
import { SessionQuestions } from "./session-questions.ts";
import { reportWorkers } from "./workers-report.ts";

export interface ProxyWorkersOptions {
  readonly config: ProxyConfig;
  readonly backends: readonly BackendSpec[];
  readonly log: RelayLog;
  readonly onHealth: (backend: Backend, change: HealthChange) => void;
  readonly onError: (error: unknown) => void;
}

/** What is opened before the first worker. */
interface Opened {
  readonly sockets: LinuxSockets;
  readonly journals: readonly DescriptorJournal[];
}

/**
 * A session proxy of `config.workers` threads, each with a listening socket on the one port and an epoll set of connected
 * sockets towards the backends, over one client table: limits hold for all together. This thread asks the backends
 * whether they live, and tells the workers.
 *
 * A worker that dies is replaced. Its listening socket keeps its queue; its sessions are gone, and a client of theirs gets
 * a new one, with another source port towards a backend, by its next datagram.
 */
export class ProxyWorkers implements OperatedProxy {
  readonly localEndpoint: Endpoint;
  readonly #options: ProxyWorkersOptions;
  readonly #opened: Opened;
  readonly #clock = new CoarseClock();
  readonly #clients: TunnelClientTable;
  readonly #memory: ProxyMemory;
  readonly #pool: BackendPool;
  readonly #placed: PlacedBackends;
  readonly #errors: CallbackErrors;
  readonly #questions = new SessionQuestions();
  readonly #threads: SupervisedThreads<FromProxyWorker>;
  #closing = false;

  /**
   * Binds the sockets and starts the workers.
   *
   * @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_START`; AdapterError `ERR_ADAPTER_UNSUPPORTED` where there is no
   *   Linux transport, `ERR_ADAPTER_BIND`
   */
  static async open(options: ProxyWorkersOptions): Promise<ProxyWorkers> {
    const opened = await openSockets(options.config);
    let proxy: ProxyWorkers;
    try {
      proxy = new ProxyWorkers(options, opened);
    } catch (error) {
      opened.sockets.close();
      throw error;
    }
    try {
      await proxy.#threads.start();
      return proxy;
    } catch (error) {
      await proxy.close();
      throw error;
    }
  }

  private constructor(options: ProxyWorkersOptions, opened: Opened) {
    const { config, backends, log } = options;
    const { workers } = config;
    this.#options = options;
    this.#opened = opened;
    this.localEndpoint = opened.sockets.localEndpoint;
    refuseLoops(backends, policyOf(config, this.localEndpoint.port));
    this.#errors = new CallbackErrors(options.onError);
    this.#memory = ProxyMemory.create(workers);
    const probe = probeOf(config);
    this.#pool = new BackendPool(
      backends,
      { health: healthOf(config), onHealth: options.onHealth, ...(probe === undefined ? {} : { probe }) },
      this.#errors,
      connectedUpstreams,
      () => this.#clock.nowMs(),
    );
    try {
      const { maxSessions, idleTimeoutMs, sessionsPerPrefix } = config;
      const prefix = sessionsPerPrefix === 0 ? {} : { sessionsPerPrefix };
      this.#clients = sessionTable({ maxSessions, idleTimeoutMs, ...prefix }, workers + 1, this.#clock);
    } catch (error) {
      this.#pool.close();
      throw error;
    }
    this.#placed = new PlacedBackends({
      pool: this.#pool,
      memory: this.#memory,
      tell: (list) => {
        this.#threads.postAll({ type: "backends", list } satisfies ToProxyWorker);
        this.#memory.control.announceMessage();
      },
    });
    this.#threads = new SupervisedThreads(
      {
        name: "udp-relay proxy",
        // Beside this file, with its ending.
        program: new URL(`proxy-thread${import.meta.url.slice(-3)}`, import.meta.url),
        region: this.#clients.region,
        log,
        startOf: (index, predecessor) => this.#startOf(index, predecessor),
        startError: (message) => new RelayError("ERR_RELAY_START", message),
        onMessage: (index, message) => {
          this.#heard(index, message);
        },
        onEnded: (index) => this.#ended(index),
        stopBlocking: (index) => {
          opened.sockets.stop(index);
        },
      },
      workers,
    );
  }

  get sessions(): number {
    this.#placed.collect();
    return this.#placed.rows.reduce((sum, row) => sum + row[Field.sessions]!, 0);
  }

  get takesSessions(): boolean {
    return !this.#memory.control.draining && this.#pool.choose() !== undefined;
  }

  /** Time has passed: asks backends, hears the workers and tells them. Ends within microseconds a backend. */
  tick(): void {
    this.#clock.update();
    this.#placed.collect();
    this.#pool.tick(this.#clock.nowMs());
    this.#placed.settle();
  }

  reload(backends: readonly BackendSpec[]): void {
    refuseLoops(backends, policyOf(this.#options.config, this.localEndpoint.port));
    this.#placed.replace(backends);
  }

  drain(draining = true): void {
    this.#memory.control.draining = draining;
  }

  drainBackend(name: string, draining = true): boolean {
    const isThere = this.#pool.drain(name, draining);
    this.#placed.publish();
    this.#memory.control.announceMessage();
    return isThere;
  }

  /**
   * Sums over the workers, a millisecond or a turn of theirs old; what backends were found to be is a tick old, what
   * sockets have dropped a quarter of a second, streams two seconds. What a datagram was counted as can be read when its
   * worker publishes next, not as soon as its answer has come: `freshReport` is of after the call.
   */
  report(): ProxyReport {
    this.#placed.collect();
    return reportWorkers(this.#placed.rows, {
      localEndpoint: this.localEndpoint,
      backends: this.#pool.backends,
      isMeasured: this.#options.config.measure !== "none",
      callbackErrors: this.#errors.count,
      workers: this.#threads.status(),
    });
  }

  async freshReport(): Promise<ProxyReport> {
    await this.#ask((question) => ({ type: "publish", question }));
    return this.report();
  }

  /** Asks each worker; one that does not answer within two seconds is left out. */
  reportSessions(addresses: AddressDetail = "full"): Promise<readonly SessionReport[]> {
    return this.#ask((question) => ({ type: "sessions", question, addresses }));
  }

  /** Ends a worker at once, wherever it is in its work, as a crash would. For tests and drills. */
  async kill(index: number): Promise<void> {
    await this.#threads.kill(index);
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#pool.close();
    await this.#threads.close();
    this.#opened.sockets.close();
    this.#clients[Symbol.dispose]();
    this.#clock[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ask(message: (question: number) => ToProxyWorker): Promise<readonly SessionReport[]> {
    const running = this.#threads
      .status()
      .flatMap(({ state }, index) => (state === "running" ? [index] : []));
    return this.#questions.ask(running, (question) => {
      for (const index of running) {
        this.#threads.post(index, message(question));
      }
      this.#memory.control.announceMessage();
    });
  }

  #heard(index: number, message: FromProxyWorker): void {
    const { log, onError } = this.#options;
    if (message.type === "sessions") this.#questions.answered(message.question, index, message.sessions);
    else if (message.type === "threw") onError(message.error);
    else {
      const { backend, metric, state, value, count } = message;
      log.warn({ worker: index, backend, metric, state, value, count }, "sessions' streams crossed a limit");
    }
  }

  #ended(index: number): number {
    const { sockets, journals } = this.#opened;
    this.#questions.forget(index);
    const died = sockets.release(index);
    journals[index]!.closeAll();
    if (!this.#closing) settleProxyDeath(this.#memory.totals(index), sockets.stats()[index]!);
    return died;
  }

  #startOf(index: number, predecessor: number | undefined): ProxyWorkerStart {
    const { config } = this.#options;
    const { sockets, journals } = this.#opened;
    return {
      index,
      config,
      tickMs: tickMsOf(config),
      list: this.#placed.list,
      clients: this.#clients.shared,
      memory: this.#memory.shared,
      clock: this.#clock.shared,
      socket: sockets.handles[index]!,
      journal: journals[index]!.shared,
      predecessor,
    };
  }
}

async function openSockets({ listen, workers }: ProxyConfig): Promise<Opened> {
  const { DescriptorJournal, LinuxSockets } = await import("@udp-relay/adapters/linux");
  const host = formatAddress(listen);
  let { port } = listen;
  if (workers > 1) {
    // Sockets that share a port have to name it, and do not notice another program that shares it, too.
    const { transport } = await openTransport({ host, port });
    ({ port } = transport.localEndpoint);
    await transport.close();
  }
  const sockets = await LinuxSockets.open({ host, port, count: workers });
  try {
    const journals = await Promise.all(Array.from({ length: workers }, () => DescriptorJournal.create()));
    return { sockets, journals };
  } catch (error) {
    sockets.close();
    throw error;
  }
}
