import type { AddressPolicy } from "@udp-relay/address-validation";
import type { DatagramTransport, TransportStats } from "@udp-relay/adapters";
import type { StreamMeasurer } from "../measure/stream-measurer.ts";
import type { BackendSpec } from "./backend.ts";
import type { BackendPoolOptions } from "./backend-pool.ts";
import type { SessionChange } from "./session-watch.ts";
import type { OpenUpstream } from "./upstream.ts";

/** What a `SessionProxy` is made of, and its limits. */
export interface SessionProxyOptions extends BackendPoolOptions {
  /** Where clients send to. The proxy sets its `onBatch`, and closes it with itself. */
  readonly transport: DatagramTransport;
  /** Where sessions may go, 1 to 1,024. */
  readonly backends: readonly BackendSpec[];
  /** A socket of its own for each session and probe: `connectedUpstreams` for real ones. */
  readonly openUpstream: OpenUpstream;
  /** What the upstreams' sockets have counted together, for the report; where there is one to ask. */
  readonly upstreamStats?: (() => TransportStats) | undefined;
  /** Told of each session whose stream, read by `measurer`, crosses a limit of `health`. */
  readonly onSession?: ((change: SessionChange) => void) | undefined;
  /** Told of what `onHealth`, `onSession` or `measurer` threw; it is counted in any case. */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Monotonic milliseconds. `tick` must be called often by this time, too. */
  readonly clock: { nowMs(): number };
  /** Sessions at most, 1 to 1,000,000; holds exactly. */
  readonly maxSessions: number;
  /** A session ends when its client was silent for so long, in ms; what the backend sends keeps none alive (RFC 4787, REQ-6). */
  readonly idleTimeoutMs: number;
  /** Of one IPv4 address or one IPv6 /64. Unlimited by default. */
  readonly sessionsPerPrefix?: number | undefined;
  /** Datagrams a second that a session's client may send, a second's worth at once. Unlimited by default. */
  readonly packetsPerSecond?: number | undefined;
  /**
   * The same for one IPv4 address or one IPv6 /64, all its ports and sessions together: a client's own limit begins anew
   * with each new port. By default 16 times `packetsPerSecond`; 0: unlimited.
   */
  readonly prefixPacketsPerSecond?: number | undefined;
  /** Judges each client's address before anything else. Without one every address is taken. */
  readonly policy?: AddressPolicy | undefined;
  /** Reads loss, jitter and round trips off what passes. */
  readonly measurer?: StreamMeasurer | undefined;
}
