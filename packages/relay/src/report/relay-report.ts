import type { NatHelperReport } from "../cncnet/nat-helper.ts";

/** What the relay knows of one client. Rates, RTT, jitter and loss are null where nothing measures them. */
export interface ClientReport {
  /** The protocol that the client speaks. */
  readonly protocol: string;
  /** The protocol's id: u32, signed 16 bits with CnCNet V2. */
  readonly id: number;
  /** Cut to its prefix where addresses are anonymous; `unbound` while it is not known. */
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

/** `restarting`: it died, and its successor is not there yet. */
export type WorkerState = "starting" | "running" | "restarting" | "stopped";

/** One worker: a thread with a socket of its own, or the main thread. */
export interface WorkerReport {
  readonly index: number;
  readonly state: WorkerState;
  /** How it receives and sends: `node`, `linux`, `bun`. */
  readonly transport: string;
  readonly received: number;
  readonly forwarded: number;
  /** Share of the time since the last report that its thread was busy, 0..1; 0 where the platform does not tell. */
  readonly load: number;
  /** Times that it died and was started again. */
  readonly restarts: number;
}

/** Everything that came in is accounted for: received = forwarded + consumed + dropped. */
export interface RelayReport {
  readonly protocol: string;
  readonly endpoint: string;
  readonly maxClients: number;
  readonly received: number;
  readonly receivedBytes: number;
  readonly forwarded: number;
  readonly forwardedBytes: number;
  /** Datagrams that were for the relay itself. */
  readonly consumed: { readonly registrations: number; readonly pings: number; readonly commands: number };
  /** Drops by reason; a reason that never occurred is left out. */
  readonly dropped: Readonly<Record<string, number>>;
  /** What sockets and kernel dropped, before the relay received it or after it let it go. */
  readonly socketDropped: Readonly<Record<string, number>>;
  readonly clients: readonly ClientReport[];
  readonly workers: readonly WorkerReport[];
  /** Why the main thread relays although worker threads were asked for; null where nothing was refused. */
  readonly threadsRefused: string | null;
  /** Of the NAT helper; null where it is off. Its datagrams are in no other count. */
  readonly natHelper: NatHelperReport | null;
  readonly maintenance: boolean;
  readonly durationMs: number;
  /** How old the shared tick is. */
  readonly clockStalenessMs: number;
}
