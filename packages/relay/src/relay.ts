import { networkInterfaces } from "node:os";
import { AddressError, AddressPolicy, formatEndpoint } from "@udp-relay/address-validation";
import { AdapterError, type DatagramTransport } from "@udp-relay/adapters";
import { NodeTransport } from "@udp-relay/adapters/node";
import { CoarseClock } from "@udp-relay/clock";
import { type ClientSnapshot, TunnelClientTable } from "@udp-relay/tunnel-client";
import type { RelayConfig } from "./config/relay-config.ts";
import { PingBuckets } from "./limits/ping-buckets.ts";
import { CncnetV3 } from "./protocol/cncnet-v3.ts";
import { DemoProtocol } from "./protocol/demo.ts";
import type { Protocol } from "./protocol/protocol.ts";
import { RelayError } from "./relay-error.ts";
import type { ClientReport, RelayReport } from "./report/relay-report.ts";
import { TunnelRelay } from "./tunnel/tunnel-relay.ts";

/** Clients that left and are still listed in the report. */
const MOST_LEFT_CLIENTS = 10_000;
/** Slots looked at by one sweep. */
const SWEEP_BUDGET = 1_024;

/**
 * A running relay: one socket, one client table, one clock.
 *
 *     await using relay = await Relay.start(parseConfig({ host: "127.0.0.1", allow: ["127.0.0.0/8"] }));
 */
export class Relay {
  readonly config: RelayConfig;
  readonly #clock: CoarseClock;
  readonly #clients: TunnelClientTable;
  readonly #transport: DatagramTransport;
  readonly #protocol: Protocol;
  readonly #tunnel: TunnelRelay;
  readonly #left: ClientReport[] = [];
  readonly #startedMs: number;
  readonly #sweeper: NodeJS.Timeout;

  /**
   * Binds the socket and starts to forward.
   *
   * @throws RelayError `ERR_RELAY_CONFIG` for a prefix, endpoint or address that is none, `ERR_RELAY_PORT_IN_USE`,
   *   `ERR_RELAY_START`
   */
  static async start(config: RelayConfig): Promise<Relay> {
    const policy = policyOf(config);
    const transport = await openTransport(config);
    return new Relay(config, policy.extend({ own: ownEndpoints(transport) }), transport);
  }

  private constructor(config: RelayConfig, policy: AddressPolicy, transport: DatagramTransport) {
    this.config = config;
    this.#clock = new CoarseClock();
    this.#startedMs = this.#clock.nowMs();
    this.#protocol =
      config.protocol === "demo" ? new DemoProtocol() : new CncnetV3({ strict: config.strict });
    const { measures } = this.#protocol;
    this.#clients = TunnelClientTable.create({
      capacity: config.maxClients,
      timeoutMs: config.timeoutMs,
      key: "u32",
      clientsPerPrefix: config.clientsPerPrefix,
      clock: this.#clock,
      ...(measures && { quality: measures }),
    });
    this.#clients.onExpire((client) => {
      this.#left.push(this.#reportOf(client, false));
      if (this.#left.length > MOST_LEFT_CLIENTS) this.#left.shift();
    });
    this.#transport = transport;
    this.#tunnel = new TunnelRelay({
      transport,
      clients: this.#clients,
      clock: this.#clock,
      policy,
      protocol: this.#protocol,
      pings: new PingBuckets(config.pingsPerMinute),
    });
    this.#sweeper = setInterval(() => this.#sweep(), config.refreshMs);
    this.#sweeper.unref();
  }

  /** The bound address and port. */
  get endpoint(): string {
    return formatEndpoint(this.#transport.localEndpoint);
  }

  get port(): number {
    return this.#transport.localEndpoint.port;
  }

  get protocolName(): string {
    return this.#protocol.name;
  }

  /** Refuses new clients while true; the ones that are there are relayed. */
  set maintenance(on: boolean) {
    this.#tunnel.maintenance = on;
  }

  get maintenance(): boolean {
    return this.#tunnel.maintenance;
  }

  /** Everything that is known now. */
  report(): RelayReport {
    const { counters } = this.#tunnel;
    const stalenessMs = this.#clock.stalenessMs();
    this.#clock.update();
    this.#tunnel.publishMeasurements();
    return {
      protocol: this.#protocol.name,
      endpoint: this.endpoint,
      received: counters.received,
      receivedBytes: counters.receivedBytes,
      forwarded: counters.forwarded,
      forwardedBytes: counters.forwardedBytes,
      consumed: {
        registrations: counters.registrations,
        pings: counters.pings,
        commands: counters.commands,
      },
      dropped: { ...this.#transport.stats().drops, ...counters.drops() },
      clients: this.#clientReports(),
      durationMs: Math.round(this.#clock.nowMs() - this.#startedMs),
      clockStalenessMs: stalenessMs,
    };
  }

  /** Stops forwarding and frees the port. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.#transport.close();
    this.#clients[Symbol.dispose]();
    this.#clock[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #clientReports(): ClientReport[] {
    const live = this.#clients.snapshot().map((client) => this.#reportOf(client, true));
    return [...live.sort((a, b) => a.id - b.id), ...this.#left];
  }

  #sweep(): void {
    this.#tunnel.publishMeasurements();
    this.#clients.sweep(this.#clock.update(), SWEEP_BUDGET);
  }

  #reportOf(client: ClientSnapshot, live: boolean): ClientReport {
    return {
      id: client.id ?? 0,
      endpoint: formatEndpoint(client.endpoint),
      packetsReceived: client.packetsReceived,
      bytesReceived: client.bytesReceived,
      packetsSent: client.packetsSent,
      bytesSent: client.bytesSent,
      bytesPerSecondIn: Math.round(client.bytesPerSecondIn),
      bytesPerSecondOut: Math.round(client.bytesPerSecondOut),
      rttMs: rounded(client.latencyMs, 100),
      jitterMs: rounded(client.jitterMs, 100),
      lossPerMille: rounded(client.lossPerMille, 10),
      priority: client.priority,
      idleMs: client.idleMs,
      live,
    };
  }
}

const rounded = (value: number | undefined, to: number): number | null =>
  value === undefined ? null : Math.round(value * to) / to;

function policyOf(config: RelayConfig): AddressPolicy {
  try {
    return AddressPolicy.preset(config.policy, {
      allow: config.allow,
      deny: config.deny,
      peerRelays: config.peerRelays,
    });
  } catch (error) {
    if (error instanceof AddressError)
      throw new RelayError("ERR_RELAY_CONFIG", error.message, { cause: error });
    throw error;
  }
}

/** Every address at which this relay can be reached: a datagram from there would come from itself. */
function ownEndpoints(transport: DatagramTransport): string[] {
  const { port } = transport.localEndpoint;
  const addresses = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return addresses.map(({ address, family }) =>
    family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`,
  );
}

async function openTransport(config: RelayConfig): Promise<DatagramTransport> {
  try {
    const { host, port, maxDatagramBytes } = config;
    return await NodeTransport.open({ host, port, maxDatagramBytes });
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    const cause = error.cause as NodeJS.ErrnoException | undefined;
    if (cause?.code === "EADDRINUSE") {
      throw new RelayError(
        "ERR_RELAY_PORT_IN_USE",
        `port ${config.port} of ${config.host} is in use; --port chooses another`,
        { cause: error },
      );
    }
    throw new RelayError("ERR_RELAY_START", error.message, { cause: error });
  }
}
