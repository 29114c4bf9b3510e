import {
  type Crossing,
  type Thresholds,
  type TunnelClientTable,
  type WatchedMetric,
} from "@udp-relay/tunnel-client";
import type { Backend } from "./backend.ts";
import { DEFAULT_LOSS_PER_MILLE, type HealthOptions } from "./backend-health.ts";
import type { SessionCrossings } from "./proxy-counters.ts";
import type { ProxySession } from "./proxy-session.ts";

/** How often a session's stream is looked at. */
const LOOK_MS = 1_000;
/** Slots looked at in one tick at most; each look makes a snapshot. */
const MOST_LOOKS = 2_048;
const FEWEST_LOOKS = 64;
/** So many ticks for one look at all slots. */
const TICKS_A_ROUND = 20;

const names = { lossPerMille: "loss", latencyMs: "rtt", jitterMs: "jitter" } as const;
const bits = { loss: 1, rtt: 2, jitter: 4 } as const;

/** A session's stream from its backend crossed a limit. */
export interface SessionChange {
  readonly client: ProxySession["client"];
  readonly backend: Backend;
  readonly metric: keyof SessionCrossings;
  readonly state: "entered" | "left";
  /** Packets in 1,000, or milliseconds. */
  readonly value: number;
}

/**
 * Which sessions' streams are too lossy, slow or uneven, by the client table's `watch`; their backends know how many of
 * theirs are. Only what comes from the backend counts: a client's own bad line says nothing of it. One thread; it sees
 * its own sessions only.
 */
export class SessionWatch {
  /** Slots to look at in one tick. */
  readonly sweepBudget: number;
  readonly #clients: TunnelClientTable;
  readonly #sessions: readonly (ProxySession | undefined)[];
  readonly #crossings: SessionCrossings;
  readonly #tell: (change: SessionChange) => void;

  /** @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION for limits that are none */
  constructor(
    clients: TunnelClientTable,
    sessions: readonly (ProxySession | undefined)[],
    health: HealthOptions,
    crossings: SessionCrossings,
    tell: (change: SessionChange) => void,
  ) {
    this.#clients = clients;
    this.#sessions = sessions;
    this.#crossings = crossings;
    this.#tell = tell;
    const looks = Math.ceil(clients.capacity / TICKS_A_ROUND);
    this.sweepBudget = Math.max(FEWEST_LOOKS, Math.min(MOST_LOOKS, looks));
    const { lossPerMille = DEFAULT_LOSS_PER_MILLE, rttMs, jitterMs } = health;
    const thresholds: Thresholds = {
      lossPerMille,
      latencyMs: rttMs,
      jitterMs,
    };
    clients.watch(thresholds, this.#onCrossing);
  }

  /** Hands the table what was read off the session's stream, once a second. Concurrency: in a guard. */
  look(session: ProxySession, slot: number, nowMs: number): void {
    if (session.streams === undefined || nowMs - session.lookedMs < LOOK_MS) return;
    session.lookedMs = nowMs;
    const { lossPerMille, rttMs, jitterMs } = session.streams.fromBackend.read();
    if (lossPerMille !== undefined) this.#clients.setLossPerMille(slot, lossPerMille);
    if (rttMs !== undefined) this.#clients.setLatency(slot, rttMs);
    if (jitterMs !== undefined) this.#clients.setJitter(slot, jitterMs);
  }

  /** The session has ended, or goes on elsewhere: its backend has one less that is beyond a limit, if it was. */
  forget(session: ProxySession): void {
    if (session.beyond !== 0) session.backend.sessionsBeyond -= 1;
    session.beyond = 0;
  }

  readonly #onCrossing = ({ metric, state, value, client }: Crossing): void => {
    const session = this.#sessionOf(client.handle);
    if (session === undefined) return;
    const name = names[metric as keyof typeof names & WatchedMetric];
    const before = session.beyond;
    session.beyond = state === "entered" ? before | bits[name] : before & ~bits[name];
    session.backend.sessionsBeyond += Number(session.beyond !== 0) - Number(before !== 0);
    if (state === "entered") this.#crossings[name] += 1;
    this.#tell({ client: session.client, backend: session.backend, metric: name, state, value });
  };

  #sessionOf(handle: number): ProxySession | undefined {
    const guard = this.#clients.enter();
    const slot = this.#clients.resolve(handle);
    guard.leave();
    const session = slot < 0 ? undefined : this.#sessions[slot];
    return session?.handle === handle ? session : undefined;
  }
}
