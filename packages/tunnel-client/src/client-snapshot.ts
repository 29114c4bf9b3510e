import type { Endpoint } from "@udp-relay/address-validation";

/**
 * What is known of one client at one moment. Packets and bytes are counted since it joined, or since the last reset of its
 * statistics; `In` and `received` are from the client, `Out` and `sent` to it. What nothing measures is undefined.
 */
export interface ClientSnapshot {
  /** Names the client for good: `resolve`, `client`, `snapshotOf`, `remove`. */
  readonly handle: number;
  /** The u32 key, undefined in a table of endpoints. */
  readonly id: number | undefined;
  /** Where it is reached. */
  readonly endpoint: Endpoint;
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly bytesPerSecondIn: number;
  readonly bytesPerSecondOut: number;
  readonly latencyMs: number | undefined;
  readonly lossPerMille: number | undefined;
  readonly jitterMs: number | undefined;
  /** 0..65,535, lower is better. */
  readonly priority: number;
  /** Whether both rates together are below `slowBytesPerSecond`. */
  readonly isSlow: boolean;
  /** Whether nothing has come from it for `timeoutMs`. */
  readonly isTimedOut: boolean;
  /** Since its last datagram. */
  readonly idleMs: number;
  /** Since it joined, or since the last reset of its statistics. */
  readonly ageMs: number;
}
