import type { LinuxSocketHandle } from "@udp-relay/adapters/linux";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import type { ClockHandle } from "@udp-relay/clock";
import type { TunnelClientTableHandle } from "@udp-relay/tunnel-client";
import type { RelayConfig } from "../config/relay-config.ts";

/** What a worker thread starts with. */
export interface WorkerStart {
  readonly index: number;
  readonly config: RelayConfig;
  readonly clients: TunnelClientTableHandle;
  readonly memory: RegionHandle;
  readonly clock: ClockHandle;
  /** A socket of the supervisor's; else the worker opens its own. */
  readonly socket: LinuxSocketHandle | undefined;
  /** The thread whose queue this one goes on with; undefined for the first. */
  readonly predecessor: number | undefined;
}

export type ToWorker =
  { readonly type: "configure"; readonly config: RelayConfig } | { readonly type: "stop" };
