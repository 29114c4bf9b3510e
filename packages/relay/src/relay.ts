import { formatEndpoint } from "@udp-relay/address-validation";
import type { CoarseClock } from "@udp-relay/clock";
import type { ClientSnapshot, TunnelClientTable } from "@udp-relay/tunnel-client";
import { type AllotmentRefusal, IdAllotment } from "./cncnet/id-allotment.ts";
import { type RelayConfig, requireConfig } from "./config/relay-config.ts";
import { reloadable } from "./config/reload.ts";
import type { OperatedRelay, RelayPhase } from "./operations/operated-relay.ts";
import type { RelayLog } from "./operations/relay-log.ts";
import type { Protocol } from "./protocol/protocol.ts";
import { clientReport } from "./report/client-report.ts";
import type { ClientReport, RelayReport, WorkerReport } from "./report/relay-report.ts";
import { relayParts, type RelayParts } from "./relay-parts.ts";
import type { RelayMemory } from "./shared/relay-memory.ts";
import { COUNTER_FIELDS, namedDrops, namedSocketDrops, Total } from "./tunnel/counter-fields.ts";
import { publishMeasurements } from "./tunnel/path-measurer.ts";
import { openWorkers } from "./worker/open-workers.ts";
import type { PortSharing } from "./worker/port-sharing.ts";
import { relayPolicy } from "./worker/relay-policy.ts";
import { relayProtocol, requireProtocol } from "./worker/relay-protocol.ts";
import { WorkerLoads } from "./worker/worker-loads.ts";
import type { WorkerSet } from "./worker/worker-set.ts";

/** Clients that left and are still listed in the report: some hundred bytes each, for ever. */
const MOST_LEFT_CLIENTS = 1_000;
/** Slots looked at by one sweep. */
const SWEEP_BUDGET = 1_024;
/** How often a drain looks whether everybody has left. */
const DRAIN_LOOK_MS = 50;

/** What a program that starts a relay may give it beside the configuration. */
export interface RelayOptions {
  readonly log?: RelayLog | undefined;
  /** Instead of the configured one. The main thread relays then, since a thread cannot be given an object. */
  readonly protocol?: Protocol | undefined;
  /** Whether sockets can share a port here. Default: it is tried. Where they cannot, the main thread relays. */
  readonly portSharing?: PortSharing | undefined;
}

const noLog = (): void => undefined;
const silent: RelayLog = { trace: noLog, debug: noLog, info: noLog, warn: noLog, error: noLog };

/**
 * A running relay: one client table, one clock, and the main thread or `workers` threads that relay.
 *
 *     await using relay = await Relay.start(parseConfig({ host: "127.0.0.1", allow: ["127.0.0.0/8"] }));
 */
export class Relay implements OperatedRelay, AsyncDisposable {
  readonly protocolName: string;
  readonly #protocol: Protocol;
  readonly #clock: CoarseClock;
  readonly #clients: TunnelClientTable;
  readonly #memory: RelayMemory;
  readonly #workers: WorkerSet;
  readonly #log: RelayLog;
  readonly #left: ClientSnapshot[] = [];
  readonly #startedMs: number;
  readonly #sweeper: NodeJS.Timeout;
  readonly #loads = new WorkerLoads();
  readonly #allotment: IdAllotment;
  #config: RelayConfig;
  #phase: RelayPhase = "running";
  #sweepRequests = 0;
  #last: RelayReport | undefined;
  #maintenance = false;

  /**
   * Binds the sockets and starts to forward.
   *
   * @param config what `parseConfig` gives
   * @throws RelayError `ERR_RELAY_CONFIG` for a prefix, endpoint, address, module or protocol that is none,
   *   `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START`
   */
  static async start(config: RelayConfig, options: RelayOptions = {}): Promise<Relay> {
    const { log = silent } = options;
    requireConfig(config);
    // What is wrong with the policy is said before any socket is open.
    relayPolicy(config, config.port);
    const given = options.protocol;
    const protocol = given === undefined ? await relayProtocol(config) : requireProtocol(given);
    const parts = relayParts(config, protocol, log);
    const { clients, clock } = parts;
    const ownProtocol = given !== undefined;
    try {
      return new Relay(parts, await openWorkers(parts, { ownProtocol, sharing: options.portSharing }));
    } catch (error) {
      clients[Symbol.dispose]();
      clock[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(parts: RelayParts, workers: WorkerSet) {
    const { config, protocol, clients, memory, clock, log } = parts;
    this.#config = config;
    this.#protocol = protocol;
    this.protocolName = protocol.name;
    this.#clock = clock;
    this.#clients = clients;
    this.#memory = memory;
    this.#log = log;
    this.#workers = workers;
    this.#startedMs = clock.nowMs();
    this.#allotment = new IdAllotment(clients, memory.control);
    clients.onExpire((client) => {
      log.debug({ client: this.#reportOf(client, false), reason: client.reason }, "a client left");
      this.#left.push(client);
      if (this.#left.length > MOST_LEFT_CLIENTS) this.#left.shift();
    });
    this.#sweeper = setInterval(() => {
      this.#tend();
    }, config.refreshMs);
    this.#sweeper.unref();
  }

  /** The settings in force. */
  get config(): RelayConfig {
    return this.#config;
  }

  /** The bound address and port, as text. */
  get endpoint(): string {
    return formatEndpoint(this.#workers.localEndpoint);
  }

  /** The bound port. */
  get port(): number {
    return this.#workers.localEndpoint.port;
  }

  /** How far the relay is in its life. */
  get phase(): RelayPhase {
    return this.#phase;
  }

  /** Refuses new clients while true; the ones that are there are relayed. */
  set maintenance(on: boolean) {
    this.#memory.control.maintenance = on;
    this.#maintenance = on;
  }

  get maintenance(): boolean {
    return this.#memory.control.maintenance;
  }

  /** The threads that relay, or the main thread in their place. */
  get workers(): WorkerSet {
    return this.#workers;
  }

  /**
   * Puts limits, address policy, password and drain time of another configuration in force. Everything else stays.
   *
   * @returns fields that differ and need a restart
   * @throws RelayError `ERR_RELAY_CONFIG`; nothing has changed then
   */
  reload(config: RelayConfig): readonly string[] {
    const { next, needRestart } = reloadable(this.#config, config);
    this.#workers.configure(next);
    this.#config = next;
    return needRestart;
  }

  /** Clients that are there now, those whose id was allotted and who have sent nothing yet included. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /**
   * New clients' ids, for a protocol whose ids are allotted: as many as asked for, or why there are none.
   *
   * @param count at least 1
   */
  allot(count: number): readonly number[] | AllotmentRefusal | "maintenance" {
    if (this.#memory.control.refusesNewcomers) return "maintenance";
    return this.#allotment.allot(count, this.#clock.update());
  }

  /** Looks at every client now; returns how many had timed out. */
  sweep(): number {
    return this.#clients.sweep(this.#clock.update(), Number.MAX_SAFE_INTEGER);
  }

  /** Refuses new clients from now on, and resolves once the last one has left or `withinMs` have passed. */
  async drain(withinMs: number): Promise<void> {
    if (this.#phase === "running") this.#phase = "draining";
    this.#memory.control.draining = true;
    const untilMs = performance.now() + withinMs;
    while (this.#clients.size > 0 && performance.now() < untilMs && this.phase === "draining") {
      this.sweep();
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
  }

  /** Everything that is known now; of a relay that was closed, what was known last. */
  report(): RelayReport {
    if (this.#last !== undefined) return this.#last;
    const clockStalenessMs = this.#clock.stalenessMs();
    const tick = this.#clock.update();
    this.#publishMeasurements();
    this.#workers.publish();
    const all = new Float64Array(COUNTER_FIELDS);
    const one = new Float64Array(COUNTER_FIELDS);
    const workers = this.#workers.status().map((status, index): WorkerReport => {
      this.#memory.totals(index).read(one);
      for (let field = 0; field < COUNTER_FIELDS; field++) all[field]! += one[field]!;
      const busyMs = one[Total.cpuMicros]! / 1_000;
      return {
        index,
        ...status,
        received: one[Total.received]!,
        forwarded: one[Total.forwarded]!,
        load: this.#loads.read(index, busyMs, this.#clock.nowMs()),
      };
    });
    const live = this.#clients.snapshot(tick).map((client) => this.#reportOf(client, true));
    // As addresses are to be shown now, whatever was in force when they left.
    const left = this.#left.map((client) => this.#reportOf(client, false));
    return {
      protocol: this.protocolName,
      endpoint: this.endpoint,
      maxClients: this.#config.maxClients,
      received: all[Total.received]!,
      receivedBytes: all[Total.receivedBytes]!,
      forwarded: all[Total.forwarded]!,
      forwardedBytes: all[Total.forwardedBytes]!,
      consumed: {
        registrations: all[Total.registrations]!,
        pings: all[Total.pings]!,
        commands: all[Total.commands]!,
      },
      dropped: namedDrops(all),
      socketDropped: namedSocketDrops(all),
      clients: [...live.sort((a, b) => a.id - b.id), ...left],
      workers,
      threadsRefused: this.#workers.threadsRefused ?? null,
      natHelper: null,
      maintenance: this.maintenance,
      durationMs: Math.round(this.#clock.nowMs() - this.#startedMs),
      clockStalenessMs,
    };
  }

  /** Stops forwarding and frees the port. */
  async close(): Promise<void> {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    clearInterval(this.#sweeper);
    await this.#workers.close();
    this.#last = this.report();
    this.#clients[Symbol.dispose]();
    this.#clock[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What has to be done now and then. */
  #tend(): void {
    this.#publishMeasurements();
    const { control } = this.#memory;
    const requests = control.sweepRequests;
    const requested = requests !== this.#sweepRequests;
    this.#sweepRequests = requests;
    this.#clients.sweep(this.#clock.update(), requested ? Number.MAX_SAFE_INTEGER : SWEEP_BUDGET);
    if (control.maintenance !== this.#maintenance) {
      this.#maintenance = control.maintenance;
      this.#log.info({ maintenance: this.#maintenance }, "maintenance was switched by a command");
    }
  }

  #publishMeasurements(): void {
    if (this.#protocol.measures !== undefined) publishMeasurements(this.#clients);
  }

  #reportOf(client: ClientSnapshot, live: boolean): ClientReport {
    return clientReport(client, this.protocolName, this.#config.logAddresses, live);
  }
}
