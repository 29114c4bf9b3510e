import type { TransportStats } from "@udp-relay/adapters";
import type { Metric } from "../operations/metrics-page.ts";
import type { ProxyPhase } from "./proxy-life.ts";
import type { BackendReport, ProxyReport } from "./proxy-report.ts";

interface Source {
  readonly report: ProxyReport;
  readonly phase: ProxyPhase;
}

type Values = number | Readonly<Record<string, number>>;

/** What `/metrics` of a proxy shows. A backend's label is its `address:port`: as many series as there are backends. */
export const proxyMetrics: readonly Metric<Source>[] = [
  gauge("sessions", "Sessions now.", ({ report }) => report.sessions),
  labelled("counter", "sessions_changed", "Sessions by what became of them.", "change", ({ report }) => ({
    ...report.counts,
  })),
  labelled("counter", "dropped_datagrams", "Datagrams dropped, by reason.", "reason", ({ report }) => ({
    ...report.drops,
  })),
  labelled(
    "counter",
    "session_crossings",
    "Sessions whose stream went beyond a limit, by which.",
    "limit",
    ({ report }) => ({ ...report.crossings }),
  ),
  gauge("workers", "Threads that proxy; 0: the main thread does.", ({ report }) => report.workers.length),
  labelled("counter", "worker_restarts", "Workers that died and were replaced.", undefined, ({ report }) =>
    report.workers.reduce((sum, { restarts }) => sum + restarts, 0),
  ),
  gauge("maintenance", "1 while new sessions are refused.", ({ phase }) => Number(phase === "paused")),
  gauge("draining", "1 while the proxy waits for its sessions to end.", ({ phase }) =>
    Number(phase === "draining"),
  ),
  {
    ...gauge("callback_errors", "What callbacks threw.", ({ report }) => report.callbackErrors),
    kind: "counter",
  },
  ofBackends("gauge", "up", "1 unless the backend is down.", ({ state }) => Number(state !== "down")),
  ofBackends("gauge", "degraded", "1 while its path is slow or lossy.", ({ degraded }) => Number(degraded)),
  ofBackends("gauge", "draining", "1 while it takes no new sessions.", ({ state }) =>
    Number(state === "draining"),
  ),
  ofBackends("gauge", "score", "The score of its path, lower is better.", ({ score }) => score),
  ofBackends("gauge", "weight", "Its share among equals.", ({ weight }) => weight),
  ofBackends("gauge", "sessions", "Its sessions now.", ({ sessions }) => sessions),
  ofBackends(
    "gauge",
    "sessions_beyond_limits",
    "Those whose stream is lossier, slower or less even than the limits.",
    ({ sessionsBeyond }) => sessionsBeyond,
  ),
  ofBackends("counter", "sessions_begun", "Sessions that it ever had.", ({ sessionsTotal }) => sessionsTotal),
  ofBackends(
    "counter",
    "sessions_moved_away",
    "Sessions that left it, being down.",
    ({ movedAway }) => movedAway,
  ),
  ofBackends("counter", "refusals", "ICMP refusals of its host.", ({ refused }) => refused),
  ofBackends("counter", "sent_datagrams", "Datagrams sent to it.", ({ datagramsTo }) => datagramsTo),
  ofBackends("counter", "sent_bytes", "Payload bytes of those.", ({ bytesTo }) => bytesTo),
  ofBackends(
    "counter",
    "received_datagrams",
    "Datagrams that came from it.",
    ({ datagramsFrom }) => datagramsFrom,
  ),
  ofBackends("counter", "received_bytes", "Payload bytes of those.", ({ bytesFrom }) => bytesFrom),
  ofBackends("gauge", "rtt_seconds", "Round trip to it, where measured.", ({ rttMs }) =>
    rttMs === null ? null : rttMs / 1_000,
  ),
  ofBackends("gauge", "loss_ratio", "Loss on the way from it, where measured.", ({ lossPerMille }) =>
    lossPerMille === null ? null : lossPerMille / 1_000,
  ),
  ofStreams("gauge", "stream_packets", "Packets of streams that are measured now.", ({ packets }) => packets),
  ofStreams("gauge", "stream_lost_packets", "How many of them are missing.", ({ lost }) => lost),
  ofStreams("gauge", "stream_worst_jitter_seconds", "The worst stream's.", ({ worstJitterMs }) =>
    worstJitterMs === null ? null : worstJitterMs / 1_000,
  ),
  ofSockets("received_datagrams", "Datagrams received.", (stats) => stats.receivedDatagrams),
  ofSockets("received_bytes", "Payload bytes of those.", (stats) => stats.receivedBytes),
  ofSockets("received_batches", "Batches that they came in.", (stats) => stats.receivedBatches),
  ofSockets("sent_datagrams", "Datagrams that the system took.", (stats) => stats.sentDatagrams),
  ofSockets("sent_bytes", "Payload bytes of those.", (stats) => stats.sentBytes),
  ofSockets(
    "retried_sends",
    "Datagrams sent again for an earlier one's error.",
    (stats) => stats.retriedSends,
  ),
  ofSockets("icmp_errors", "ICMP errors about datagrams sent before.", (stats) => stats.icmpErrors),
  ofSockets(
    "kernel_dropped_datagrams",
    "Dropped by the kernel for want of room.",
    ({ drops }) => drops.kernelReceive ?? 0,
  ),
  labelled(
    "counter",
    "listen_dropped_datagrams",
    "Dropped at the listening socket.",
    "reason",
    ({ report }) => ({
      ...report.transport.drops,
    }),
  ),
  labelled(
    "counter",
    "upstream_dropped_datagrams",
    "Dropped at the sessions' sockets.",
    "reason",
    ({ report }) => ({
      ...report.upstreams?.drops,
    }),
  ),
];

function labelled(
  kind: "counter" | "gauge",
  name: string,
  help: string,
  label: string | undefined,
  read: (source: Source) => Values,
): Metric<Source> {
  return { name: `proxy_${name}`, help, kind, read, label };
}

function gauge(name: string, help: string, read: (source: Source) => number): Metric<Source> {
  return labelled("gauge", name, help, undefined, read);
}

/** `null` leaves the series out. */
function measured<T>(items: readonly (readonly [string, T])[], read: (item: T) => number | null): Values {
  return Object.fromEntries(
    items.flatMap(([name, item]) => {
      const value = read(item);
      return value === null ? [] : [[name, value]];
    }),
  );
}

function ofBackends(
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (backend: BackendReport) => number | null,
): Metric<Source> {
  return labelled(kind, `backend_${name}`, help, "backend", ({ report }) =>
    measured(
      report.backends.map((backend) => [backend.name, backend]),
      read,
    ),
  );
}

function ofStreams(
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (path: NonNullable<ProxyReport["measured"]>["fromClients"]) => number | null,
): Metric<Source> {
  return labelled(kind, name, help, "way", ({ report: { measured: paths } }) =>
    paths === null
      ? {}
      : measured(
          [["from_clients", paths.fromClients] as const, ["from_backends", paths.fromBackends] as const],
          read,
        ),
  );
}

function ofSockets(name: string, help: string, read: (stats: TransportStats) => number): Metric<Source> {
  return labelled("counter", `socket_${name}`, help, "socket", ({ report: { transport, upstreams } }) => ({
    listen: read(transport),
    ...(upstreams === null ? {} : { upstreams: read(upstreams) }),
  }));
}
