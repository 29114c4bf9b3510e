import type { AddressPolicy } from "@udp-relay/address-validation";
import type { DatagramTransport } from "@udp-relay/adapters";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { PrefixRate } from "../limits/prefix-rate.ts";
import type { StreamMeasurer } from "../measure/stream-measurer.ts";
import type { Backend } from "./backend.ts";
import type { SessionBackends } from "./backend-choice.ts";
import type { HealthOptions } from "./backend-health.ts";
import type { CallbackErrors } from "./callback-errors.ts";
import type { SessionChange } from "./session-watch.ts";
import type { OpenUpstream } from "./upstream.ts";

/** What one thread's sessions work with. */
export interface ProxiedSessionsParts {
  /** Where clients send to. Its `onBatch` is set. */
  readonly transport: DatagramTransport;
  readonly openUpstream: OpenUpstream;
  readonly clock: { nowMs(): number };
  /** By endpoint; other threads may use it, too. */
  readonly clients: TunnelClientTable;
  readonly backends: SessionBackends;
  readonly errors: CallbackErrors;
  readonly idleTimeoutMs: number;
  readonly packetsPerSecond?: number | undefined;
  /** What all sessions of an address may send together. */
  readonly prefixRate?: PrefixRate | undefined;
  readonly policy?: AddressPolicy | undefined;
  readonly measurer?: StreamMeasurer | undefined;
  readonly health?: HealthOptions | undefined;
  /** Whether newcomers are refused for now. */
  readonly refuses: () => boolean;
  readonly onSession: (change: SessionChange) => void;
  /** Something was sent to a client, which `transport.flush` sends off. */
  readonly sent: () => void;
  /** A number of a backend's is another; not called for each datagram of one that is unpublished anyway. */
  readonly counted?: ((backend: Backend) => void) | undefined;
}
