import { type DatagramTransport, DropReason, dropReasonNames } from "@udp-relay/adapters";
import type { Clock } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { RelayConfig } from "../config/relay-config.ts";
import type { Protocol } from "../protocol/protocol.ts";
import type { RelayMemory } from "../shared/relay-memory.ts";
import { Total, transportField } from "../tunnel/counter-fields.ts";
import { TunnelRelay } from "../tunnel/tunnel-relay.ts";
import { relayPolicy } from "./relay-policy.ts";
import { troubleOf, type WorkerTrouble } from "./worker-trouble.ts";

/** How old the published socket drops may be: what a killed worker's transport counted since is lost. */
const SOCKET_DROPS_EVERY_MS = 250;

export interface RelayWorkerParts {
  readonly config: RelayConfig;
  readonly index: number;
  readonly transport: DatagramTransport;
  readonly protocol: Protocol;
  readonly clients: TunnelClientTable;
  readonly memory: RelayMemory;
  readonly clock: Clock;
  /** The socket is a supervisor's, and was or will be read by other workers, too. */
  readonly socketOutlives?: boolean | undefined;
  /** Told of what the protocol throws, once a burst. */
  readonly onTrouble: (trouble: WorkerTrouble) => void;
}

/** One socket being relayed by one thread, the main one or a worker's. */
export class RelayWorker {
  readonly tunnel: TunnelRelay;
  readonly #transport: DatagramTransport;
  readonly #timer: NodeJS.Timeout;
  #publishedTick = 0;
  #cpuMicros = 0;
  /** What of the transport's drops is in the totals. */
  readonly #reported = new Float64Array(dropReasonNames.length);

  constructor(parts: RelayWorkerParts) {
    const { config, index, transport, clients, clock, protocol, memory } = parts;
    this.#transport = transport;
    this.tunnel = new TunnelRelay({
      transport,
      clients,
      clock,
      protocol,
      memory,
      worker: index,
      policy: relayPolicy(config, transport.localEndpoint.port),
      limits: config,
      onProtocolError: (error, during, suppressed) => {
        parts.onTrouble(troubleOf(error, during, suppressed));
      },
    });
    // What died with workers is counted elsewhere. A socket that outlives them remembers all that its kernel dropped,
    // also while nobody read it: what is in the totals of that was reported before.
    this.#reported[DropReason.workerDied] = transport.stats().drops.workerDied ?? 0;
    if (parts.socketOutlives === true) {
      this.#reported[DropReason.kernelReceive] = this.tunnel.counters.total(
        transportField(DropReason.kernelReceive),
      );
    }
    this.#timer = setInterval(() => {
      this.publish();
    }, SOCKET_DROPS_EVERY_MS);
    this.#timer.unref();
  }

  /** Other limits and another policy. @throws RelayError `ERR_RELAY_CONFIG`; the old ones stay in force then */
  configure(config: RelayConfig): void {
    this.tunnel.configure(config, relayPolicy(config, this.#transport.localEndpoint.port));
  }

  /** For a thread whose timers stand still: call it after each batch, and now and then. */
  turn(tick: number): void {
    if ((tick - this.#publishedTick) >>> 0 < SOCKET_DROPS_EVERY_MS) return;
    this.#publishedTick = tick;
    this.publish();
  }

  /** Adds what the transport has dropped, and the thread has worked, since the last time to the totals. */
  publish(): void {
    const { counters } = this.tunnel;
    const cpuMicros = threadCpuMicros();
    counters.add(Total.cpuMicros, cpuMicros - this.#cpuMicros);
    this.#cpuMicros = cpuMicros;
    const { drops } = this.#transport.stats();
    for (let code = 1; code < dropReasonNames.length; code++) {
      const dropped = drops[dropReasonNames[code]!] ?? 0;
      counters.add(transportField(code), dropped - this.#reported[code]!);
      this.#reported[code] = dropped;
    }
    counters.publish();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#transport.close();
    this.publish();
  }
}

/** Since Node 23.9. */
function threadCpuMicros(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => { user: number; system: number } };
  if (threadCpuUsage === undefined) return 0;
  const { user, system } = threadCpuUsage.call(process);
  return user + system;
}
