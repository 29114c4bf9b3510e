import { type Endpoint, formatEndpoint } from "@udp-relay/address-validation";
import type { TransportStats } from "@udp-relay/adapters";
import type { Backend } from "./backend.ts";
import type { WorkerStatus } from "../worker/worker-set.ts";
import type { ProxiedSessions } from "./proxied-sessions.ts";
import type { ProxyDrops, ProxySessions, SessionCrossings } from "./proxy-counters.ts";
import type { ProxySession } from "./proxy-session.ts";

/** One backend at one moment. Counts are since the proxy started. */
export interface BackendReport {
  readonly name: string;
  readonly state: "up" | "degraded" | "down" | "draining";
  /** Its path is too slow or too lossy for new sessions, as long as there is another backend. */
  readonly degraded: boolean;
  /** Of its path, lower is better: the client table's priority; 0 while nothing has measured it. */
  readonly score: number;
  readonly weight: number;
  readonly sessions: number;
  /** Those whose stream from here is beyond a limit. */
  readonly sessionsBeyond: number;
  readonly sessionsTotal: number;
  readonly movedAway: number;
  readonly refused: number;
  readonly datagramsTo: number;
  readonly bytesTo: number;
  readonly datagramsFrom: number;
  readonly bytesFrom: number;
  /** Null while nothing has measured it. */
  readonly rttMs: number | null;
  readonly lossPerMille: number | null;
}

/** What passes in one direction, of all sessions; null while nothing measures it. */
export interface PathReport {
  readonly packets: number;
  readonly lost: number;
  readonly worstJitterMs: number | null;
}

/** A proxy at one moment, ready for JSON. */
export interface ProxyReport {
  /** The address and port that clients send to. */
  readonly endpoint: string;
  /** Sessions that have a socket now. */
  readonly sessions: number;
  readonly counts: ProxySessions;
  readonly drops: ProxyDrops;
  /** How often a session's stream went beyond a limit. */
  readonly crossings: SessionCrossings;
  readonly backends: readonly BackendReport[];
  readonly measured: { readonly fromClients: PathReport; readonly fromBackends: PathReport } | null;
  /** What the listening socket counted. */
  readonly transport: TransportStats;
  /** What the sessions' and probes' sockets counted together; null where they are node:dgram's, which counts nothing. */
  readonly upstreams: TransportStats | null;
  /** What callbacks threw. */
  readonly callbackErrors: number;
  /** Threads that proxy; empty where this one does. */
  readonly workers: readonly WorkerStatus[];
}

/** What a report is made of beside sessions. */
export interface ReportedProxy {
  readonly localEndpoint: Endpoint;
  readonly backends: readonly Backend[];
  readonly isMeasured: boolean;
  readonly transport: TransportStats;
  readonly upstreams: TransportStats | null;
  readonly callbackErrors: number;
}

/** The report of a proxy whose sessions are all in this thread. */
export function reportProxy(sessions: ProxiedSessions, proxy: ReportedProxy): ProxyReport {
  return {
    endpoint: formatEndpoint(proxy.localEndpoint),
    sessions: sessions.live,
    counts: { ...sessions.counts },
    drops: { ...sessions.drops },
    crossings: { ...sessions.crossings },
    backends: proxy.backends.map(reportBackend),
    measured: proxy.isMeasured ? reportPaths(sessions.all) : null,
    transport: proxy.transport,
    upstreams: proxy.upstreams,
    callbackErrors: proxy.callbackErrors,
    workers: [],
  };
}

/** What passes in both directions, of one thread's sessions. */
export function reportPaths(
  sessions: readonly (ProxySession | undefined)[],
): NonNullable<ProxyReport["measured"]> {
  return {
    fromClients: pathReport(sessions, "fromClient"),
    fromBackends: pathReport(sessions, "fromBackend"),
  };
}

export function reportBackend(backend: Backend): BackendReport {
  const { name, health, weight, sessions, sessionsBeyond, sessionsTotal, movedAway, refused, traffic } =
    backend;
  const leaves = backend.draining || backend.removed;
  return {
    name,
    state: health.isDown ? "down" : leaves ? "draining" : health.isDegraded ? "degraded" : "up",
    degraded: health.isDegraded,
    score: backend.score,
    weight,
    sessions,
    sessionsBeyond,
    sessionsTotal,
    movedAway,
    refused,
    ...traffic,
    rttMs: backend.rttMs ?? null,
    lossPerMille: backend.lossPerMille ?? null,
  };
}

function pathReport(
  sessions: readonly (ProxySession | undefined)[],
  way: "fromClient" | "fromBackend",
): PathReport {
  let packets = 0;
  let lost = 0;
  let worstJitterMs: number | null = null;
  for (const session of sessions) {
    const path = session?.streams?.[way];
    if (path === undefined) continue;
    const totals = path.totals();
    packets += totals.packets;
    lost += totals.lost;
    const { jitterMs } = path.read();
    if (jitterMs !== undefined) worstJitterMs = Math.max(worstJitterMs ?? 0, jitterMs);
  }
  return { packets, lost, worstJitterMs };
}
