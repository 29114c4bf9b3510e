import type { Endpoint } from "@udp-relay/address-validation";
import type { BackendSpec } from "./backend.ts";

/** What `udp-relay proxy` runs with. */
export interface ProxyConfig {
  readonly listen: Endpoint;
  readonly to: readonly BackendSpec[];
  readonly backendsFile: string;
  readonly maxSessions: number;
  readonly idleTimeoutMs: number;
  readonly sessionsPerPrefix: number;
  readonly packetsPerSecond: number;
  readonly prefixPacketsPerSecond: number | undefined;
  readonly policy: "public-only" | "lan" | "turn-server" | "crate";
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly measure: "none" | "rtp" | "wireguard";
  readonly rtpClock: Readonly<Record<number, number>>;
  readonly probe: Uint8Array | undefined;
  readonly probeExpect: Uint8Array | undefined;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly fall: number;
  readonly rise: number;
  readonly watchLoss: readonly [enter: number, leave: number] | undefined;
  readonly watchRtt: readonly [enter: number, leave: number] | undefined;
  readonly watchJitter: readonly [enter: number, leave: number] | undefined;
  readonly watchForMs: number;
  readonly http: string;
  readonly logAddresses: "full" | "anonymous";
  readonly transport: "auto" | "node" | "bun" | "linux";
  /** Threads that proxy, where there is the Linux transport; 0: the main thread does. */
  readonly workers: number;
  readonly drain: number;
  readonly duration: number;
  readonly logLevel: "info" | "trace" | "debug" | "warn" | "error" | "silent";
  readonly logFile: string;
  readonly json: boolean;
}
