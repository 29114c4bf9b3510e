import { type Endpoint, formatEndpoint } from "@udp-relay/address-validation";
import type { TransportStats } from "@udp-relay/adapters";
import type { Backend } from "./backend.ts";
import type { ProxyDrops, ProxySessions } from "./proxy-counters.ts";
import type { ProxySession } from "./proxy-session.ts";
import type { SessionProxyOptions } from "./session-proxy-options.ts";

export interface BackendReport {
  readonly name: string;
  readonly state: "up" | "degraded" | "down" | "draining";
  /** Its path is too slow or too lossy for new sessions, as long as there is another backend. */
  readonly degraded: boolean;
  /** Of its path, lower is better: the client table's priority; 0 while nothing has measured it. */
  readonly score: number;
  readonly weight: number;
  readonly sessions: number;
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
  readonly listen: string;
  readonly sessions: number;
  readonly counts: ProxySessions;
  readonly drops: ProxyDrops;
  readonly backends: readonly BackendReport[];
  readonly measured: { readonly fromClients: PathReport; readonly fromBackends: PathReport } | null;
  /** What the listening socket counted. */
  readonly transport: TransportStats;
  /** What the sessions' and probes' sockets counted together; null where they are node:dgram's, which counts nothing. */
  readonly upstreams: TransportStats | null;
  /** What callbacks threw. */
  readonly callbackErrors: number;
}

interface ReportedProxy {
  readonly localEndpoint: Endpoint;
  readonly sessions: number;
  readonly counts: ProxySessions;
  readonly drops: ProxyDrops;
  readonly callbackErrors: number;
}

export function reportProxy(
  proxy: ReportedProxy,
  { transport, measurer, upstreamStats }: SessionProxyOptions,
  backends: readonly Backend[],
  sessions: readonly (ProxySession | undefined)[],
): ProxyReport {
  const measured = {
    fromClients: pathReport(sessions, "fromClient"),
    fromBackends: pathReport(sessions, "fromBackend"),
  };
  return {
    listen: formatEndpoint(proxy.localEndpoint),
    sessions: proxy.sessions,
    counts: { ...proxy.counts },
    drops: { ...proxy.drops },
    backends: backends.map(reportBackend),
    measured: measurer === undefined ? null : measured,
    transport: transport.stats(),
    upstreams: upstreamStats?.() ?? null,
    callbackErrors: proxy.callbackErrors,
  };
}

function reportBackend(backend: Backend): BackendReport {
  const { name, health, weight, sessions, sessionsTotal, movedAway, refused, traffic } = backend;
  const leaves = backend.draining || backend.removed;
  return {
    name,
    state: health.isDown ? "down" : leaves ? "draining" : health.isDegraded ? "degraded" : "up",
    degraded: health.isDegraded,
    score: backend.score,
    weight,
    sessions,
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
