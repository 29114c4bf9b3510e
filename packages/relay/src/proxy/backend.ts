import { type Endpoint, formatEndpoint } from "@udp-relay/address-validation";
import { QualityAnalyzer } from "@udp-relay/quality-analyzer";
import { BackendHealth, DEFAULT_FALL, type HealthOptions } from "./backend-health.ts";

/** Where sessions may go. */
export interface BackendSpec {
  readonly endpoint: Endpoint;
  /** Its share among equals, 1 by default; 0 takes no new session. */
  readonly weight?: number | undefined;
}

/** Probes whose fate makes the loss of a backend's path, and how many of them must be known: one lost is not 5 %. */
const PROBE_WINDOW = 64;
const ENOUGH_PROBES = 50;
/** Of what passed an interval before, so much still counts. */
const STREAM_DECAY = 0.8;
/** Fewer packets than this say nothing of loss. */
const ENOUGH_PACKETS = 20;
/** Points of score that count as twice the load: 100 ms of round trip, or 5 % of loss. */
const DOUBLING_SCORE = 100;

/** One backend: its sessions, its counters, what was measured of the path to it, and whether it lives. */
export class Backend {
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly health: BackendHealth;
  weight: number;
  /** No new session; the old ones stay until they are idle. */
  draining = false;
  /** No longer in the configuration: forgotten with its last session. */
  removed = false;
  /** The priority of its path in the client table, lower is better; 0 while nothing has measured it. */
  score = 0;
  sessions = 0;
  /** Those that other threads have. */
  sessionsElsewhere = 0;
  /** Sessions whose stream from here is beyond a limit of loss, round trip or jitter. */
  sessionsBeyond = 0;
  sessionsTotal = 0;
  readonly traffic = { datagramsTo: 0, bytesTo: 0, datagramsFrom: 0, bytesFrom: 0 };
  /** Refusals that the backend's host sent, and sessions that left it because it was down. */
  refused = 0;
  movedAway = 0;
  /** A thread that has not heard of its removal yet may give it sessions. */
  held = false;
  /** Of a worker's: something was counted here since the worker has published it last. */
  isUnpublished = false;
  /** Of passing streams: round trips told, packets, and how many of them are missing. */
  readonly streams = { roundTrips: 0, packets: 0, lost: 0 };
  readonly #fall: number;
  #unanswered = 0;
  readonly #path = new QualityAnalyzer({ windowPackets: PROBE_WINDOW, windowMs: Infinity });
  #streamPackets = 0;
  #streamLost = 0;

  constructor(spec: BackendSpec, health: HealthOptions) {
    this.endpoint = spec.endpoint;
    this.name = formatEndpoint(spec.endpoint);
    this.weight = spec.weight ?? 1;
    this.health = new BackendHealth(health);
    this.#fall = health.fall ?? DEFAULT_FALL;
  }

  /** Whether a new session may come here. */
  get takesSessions(): boolean {
    return this.weight > 0 && !this.draining && !this.removed && !this.health.isDown;
  }

  get rttMs(): number | undefined {
    return this.#path.rttMs;
  }

  /** The worse of what probes and passing streams lose. */
  get lossPerMille(): number | undefined {
    const enough = (this.#path.lossWindow?.packets ?? 0) >= ENOUGH_PROBES;
    const probes = enough ? this.#path.lossPerMille : undefined;
    if (this.#streamPackets < ENOUGH_PACKETS) return probes;
    return Math.max(probes ?? 0, (1_000 * this.#streamLost) / this.#streamPackets);
  }

  /**
   * What one more session would cost here, lower is better: sessions by weight, times 1 for a perfect path, and 1 more
   * for each 100 points of its score.
   */
  get cost(): number {
    return ((this.sessions + this.sessionsElsewhere + 1) / this.weight) * (1 + this.score / DOUBLING_SCORE);
  }

  /** A probe was answered. Those before it that were not are the path's loss, unless they were the backend's death. */
  recordProbe(rttMs: number): void {
    if (this.#unanswered < this.#fall) {
      for (let n = 0; n < this.#unanswered; n++) this.#path.recordPacket(true);
    }
    this.#unanswered = 0;
    this.#path.recordPacket(false);
    this.#path.recordRtt(rttMs);
  }

  recordLostProbe(): void {
    this.#unanswered += 1;
  }

  /** A stream that passes told a round trip. */
  recordRtt(rttMs: number): void {
    this.streams.roundTrips += 1;
    this.#path.recordRtt(rttMs);
  }

  /** What streams from the backend have lost since they were last looked at. */
  recordStreams(packets: number, lost: number): void {
    this.streams.packets += packets;
    this.streams.lost += lost;
    this.#streamPackets += packets;
    this.#streamLost = Math.max(0, this.#streamLost + lost);
  }

  /** Once an interval: the old counts for less. */
  fade(): void {
    this.#streamPackets *= STREAM_DECAY;
    this.#streamLost *= STREAM_DECAY;
  }
}
