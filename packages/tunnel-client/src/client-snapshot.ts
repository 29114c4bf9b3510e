import type { Endpoint } from "@udp-relay/address-validation";

/** What is known of one client at one moment. Rates are bytes a second; what nothing measures is undefined. */
export interface ClientSnapshot {
  readonly handle: number;
  /** The u32 key, undefined in a table of endpoints. */
  readonly id: number | undefined;
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
  readonly isSlow: boolean;
  readonly isTimedOut: boolean;
  /** Since its last datagram. */
  readonly idleMs: number;
  /** Since it joined, or since the last reset of its statistics. */
  readonly ageMs: number;
}
