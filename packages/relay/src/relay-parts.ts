import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { RelayConfig } from "./config/relay-config.ts";
import type { RelayLog } from "./operations/relay-log.ts";
import type { Protocol } from "./protocol/protocol.ts";
import { RelayMemory } from "./shared/relay-memory.ts";

/** Datagrams that one worker handles within one guard. */
const BATCH_DATAGRAMS = 64;

/** What a relay's threads have in common, and what it was made of. */
export interface RelayParts {
  readonly config: RelayConfig;
  readonly protocol: Protocol;
  readonly clients: TunnelClientTable;
  readonly memory: RelayMemory;
  readonly clock: CoarseClock;
  readonly log: RelayLog;
}

/** Makes clock, clients and memory for a relay of that configuration. The caller disposes of clients and clock. */
export function relayParts(config: RelayConfig, protocol: Protocol, log: RelayLog): RelayParts {
  const clock = new CoarseClock();
  const clients = clientTable(config, protocol, clock);
  const memory = RelayMemory.create({
    workers: Math.max(1, config.workers),
    slots: config.maxClients + threadsOf(config) * BATCH_DATAGRAMS,
    echoes: protocol.measures !== undefined,
  });
  return { config, protocol, clients, memory, clock, log };
}

function clientTable(config: RelayConfig, protocol: Protocol, clock: CoarseClock): TunnelClientTable {
  const { measures } = protocol;
  return TunnelClientTable.create({
    capacity: config.maxClients,
    timeoutMs: config.timeoutMs,
    key: "u32",
    // Who asks for ids over HTTP is limited there; where a client will be is not known yet.
    ...(protocol.allotsIds !== true && { clientsPerPrefix: config.clientsPerPrefix }),
    clock,
    workers: threadsOf(config),
    batch: BATCH_DATAGRAMS,
    ...(measures && { quality: measures }),
  });
}

/** Threads that use the client table: this one, which sweeps, and the workers. */
const threadsOf = (config: RelayConfig): number => 1 + config.workers;
