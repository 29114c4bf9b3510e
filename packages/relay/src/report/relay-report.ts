/** What the relay knows of one client. Rates, RTT, jitter and loss are null where nothing measures them. */
export interface ClientReport {
  /** The protocol's id. */
  readonly id: number;
  readonly endpoint: string;
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  /** Forwarded to the client. */
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly bytesPerSecondIn: number;
  readonly bytesPerSecondOut: number;
  /** Smoothed round trip (RFC 6298), milliseconds. */
  readonly rttMs: number | null;
  /** Interarrival jitter (RFC 3550), milliseconds. */
  readonly jitterMs: number | null;
  /** Loss on the way from the client, over the analyzer's window. */
  readonly lossPerMille: number | null;
  /** Lower is better. */
  readonly priority: number;
  /** Since its last datagram. */
  readonly idleMs: number;
  /** False once it has expired or was removed. */
  readonly live: boolean;
}

/** Everything that came in is accounted for: received = forwarded + consumed + dropped. */
export interface RelayReport {
  readonly protocol: string;
  readonly endpoint: string;
  readonly received: number;
  readonly receivedBytes: number;
  readonly forwarded: number;
  readonly forwardedBytes: number;
  /** Datagrams that were for the relay itself. */
  readonly consumed: { readonly registrations: number; readonly pings: number; readonly commands: number };
  /** Drops by reason; a reason that never occurred is left out. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly clients: readonly ClientReport[];
  readonly durationMs: number;
  /** How old the shared tick is; null before the first datagram. */
  readonly clockStalenessMs: number;
}
