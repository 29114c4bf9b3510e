import { CoarseClock } from "@udp-relay/clock";
import { MasterAnnounce } from "./cncnet/master-announce.ts";
import { NatHelper } from "./cncnet/nat-helper.ts";
import type { V2Http } from "./cncnet/v2-http.ts";
import { startV2Tunnel } from "./cncnet/v2-tunnel.ts";
import type { RelayConfig } from "./config/relay-config.ts";
import type { OperatedRelay, RelayPhase } from "./operations/operated-relay.ts";
import { Relay, type RelayOptions } from "./relay.ts";
import { RelayError } from "./relay-error.ts";
import { mergedReport } from "./report/merged-report.ts";
import type { RelayReport } from "./report/relay-report.ts";
import { relayPolicy } from "./worker/relay-policy.ts";

/**
 * Everything that one configuration starts: the tunnel, a CnCNet V2 tunnel beside it, the NAT helper, announcements. An
 * operator sees one relay. The tunnels share no clients; each takes `maxClients`.
 */
export class Tunnels implements OperatedRelay, AsyncDisposable {
  readonly #relays: [Relay, ...Relay[]];
  readonly #clock: CoarseClock;
  readonly #announcements: MasterAnnounce[] = [];
  #v2Http: V2Http | undefined;
  #nat: NatHelper | undefined;

  /** @throws RelayError as `Relay.start`, and for what stands beside it */
  static async start(config: RelayConfig, options: RelayOptions = {}): Promise<Tunnels> {
    const clock = new CoarseClock();
    let tunnels: Tunnels | undefined;
    try {
      if (config.protocol === "v2" && config.protocolModule === "") {
        const { relay, http } = await startV2Tunnel(config, clock, options);
        tunnels = new Tunnels(relay, clock);
        tunnels.#v2Http = http;
      } else {
        tunnels = new Tunnels(await Relay.start(config, options), clock);
      }
      await tunnels.#startBeside(config, options);
      return tunnels;
    } catch (error) {
      if (tunnels === undefined) clock[Symbol.dispose]();
      await tunnels?.close();
      throw error;
    }
  }

  private constructor(relay: Relay, clock: CoarseClock) {
    this.#relays = [relay];
    this.#clock = clock;
  }

  async #startBeside(config: RelayConfig, options: RelayOptions): Promise<void> {
    if (config.v2Port !== "off") {
      const beside = { ...config, port: config.v2Port };
      const { relay, http } = await startV2Tunnel(beside, this.#clock, options).catch(inTermsOfV2Port);
      this.#relays.push(relay);
      this.#v2Http = http;
    }
    if (config.natPorts.length > 0) {
      this.#nat = await NatHelper.open({
        host: config.host,
        ports: config.natPorts,
        requestsPerMinute: config.natRequestsPerMinute,
        policy: relayPolicy(config, 0),
        clock: this.#clock,
      });
    }
    if (config.announce !== "") {
      for (const relay of this.#relays) this.#announcements.push(announced(relay, config, options.log));
    }
  }

  /** The settings in force. */
  get config(): RelayConfig {
    return this.#relays[0].config;
  }

  /** The port of the tunnel that the configuration names first. */
  get port(): number {
    return this.#relays[0].port;
  }

  /** The port of the V2 tunnel, UDP and HTTP; undefined where there is none. */
  get v2Port(): number | undefined {
    return this.#v2Http?.port;
  }

  /** `203.0.113.1:50001 v3, 203.0.113.1:50000 v2`. */
  get title(): string {
    return this.#relays
      .map(({ endpoint, protocolName }) => `${endpoint}  protocol ${protocolName}`)
      .join("  ");
  }

  get endpoint(): string {
    return this.#relays.map(({ endpoint }) => endpoint).join(", ");
  }

  get protocolName(): string {
    return this.#relays.map(({ protocolName }) => protocolName).join(", ");
  }

  get phase(): RelayPhase {
    return this.#relays[0].phase;
  }

  set maintenance(on: boolean) {
    for (const relay of this.#relays) relay.maintenance = on;
  }

  get maintenance(): boolean {
    return this.#relays.some(({ maintenance }) => maintenance);
  }

  sweep(): number {
    return this.#relays.reduce((sum, relay) => sum + relay.sweep(), 0);
  }

  async drain(withinMs: number): Promise<void> {
    const begins = this.phase === "running";
    const drained = Promise.all(this.#relays.map((relay) => relay.drain(withinMs)));
    // A drain is over before the next minute's announcement, which would still send players here.
    if (begins) for (const announcement of this.#announcements) void announcement.announce();
    await drained;
  }

  report(): RelayReport {
    const [first, ...others] = this.#relays;
    const report = mergedReport([first.report(), ...others.map((relay) => relay.report())]);
    return { ...report, natHelper: this.#nat?.report() ?? null };
  }

  /**
   * As `Relay.reload`, for all of them.
   *
   * @throws RelayError `ERR_RELAY_CONFIG`; nothing has changed then
   */
  reload(config: RelayConfig): readonly string[] {
    const policy = relayPolicy(config, 0);
    const [first, ...others] = this.#relays;
    const needRestart = first.reload(config);
    for (const relay of others) relay.reload({ ...config, port: relay.config.port });
    this.#v2Http?.configure({
      requestsPerMinute: config.v2RequestsPerMinute,
      maintenancePassword: config.maintenancePassword,
    });
    this.#nat?.configure({ policy, requestsPerMinute: config.natRequestsPerMinute });
    return needRestart;
  }

  /** Ends all of them and frees the ports. */
  async close(): Promise<void> {
    for (const announcement of this.#announcements.splice(0)) announcement[Symbol.dispose]();
    await this.#v2Http?.close();
    await this.#nat?.close();
    await Promise.all(this.#relays.map((relay) => relay.close()));
    this.#clock[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The tunnel beside has its port from another setting. */
function inTermsOfV2Port(error: unknown): never {
  if (!(error instanceof RelayError) || error.code !== "ERR_RELAY_PORT_IN_USE") throw error;
  throw new RelayError(error.code, error.message.replace("--port", "--v2-port"), { cause: error });
}

function announced(relay: Relay, config: RelayConfig, log: RelayOptions["log"]): MasterAnnounce {
  return new MasterAnnounce({
    url: config.announce,
    log,
    read: () => ({
      version: relay.protocolName === "v2" ? 2 : 3,
      name: config.serverName,
      port: relay.port,
      clients: relay.clientCount,
      maxClients: config.maxClients,
      masterPassword: config.masterPassword,
      // To whoever is sent here it is the same: newcomers are refused.
      maintenance: relay.maintenance || relay.phase !== "running",
    }),
  });
}
