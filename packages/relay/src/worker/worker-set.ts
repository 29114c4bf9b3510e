import type { Endpoint } from "@udp-relay/address-validation";
import type { CoarseClock } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { RelayConfig } from "../config/relay-config.ts";
import type { RelayLog } from "../operations/relay-log.ts";
import type { Protocol } from "../protocol/protocol.ts";
import type { WorkerState } from "../report/relay-report.ts";
import type { RelayMemory } from "../shared/relay-memory.ts";

/** What every worker of a relay works with. */
export interface WorkerSetParts {
  readonly config: RelayConfig;
  readonly protocol: Protocol;
  readonly clients: TunnelClientTable;
  readonly memory: RelayMemory;
  readonly clock: CoarseClock;
  readonly log: RelayLog;
}

/** One worker as it stands: `WorkerReport` without what it has counted. */
export interface WorkerStatus {
  readonly state: WorkerState;
  readonly transport: string;
  readonly restarts: number;
}

/** Whoever relays: the main thread, or threads with a socket each. */
export interface WorkerSet {
  readonly localEndpoint: Endpoint;
  /** Why the main thread relays although threads were asked for. */
  readonly threadsRefused?: string | undefined;
  /** Other limits and another policy, in all of them. @throws RelayError `ERR_RELAY_CONFIG` */
  configure(config: RelayConfig): void;
  /** Makes readable what the workers in this thread have counted or measured and not shown yet. */
  publish(): void;
  status(): readonly WorkerStatus[];
  /** Stops relaying; resolves when the sockets are gone. */
  close(): Promise<void>;
}
