import type { RelayReport } from "../report/relay-report.ts";
import type { Metric as MetricOf } from "./metrics-page.ts";
import type { OperatedRelay } from "./operated-relay.ts";

type Metric = MetricOf<{ readonly report: RelayReport; readonly relay: OperatedRelay }>;
type Read = (report: RelayReport, relay: OperatedRelay) => number | Readonly<Record<string, number>>;

const byWorker =
  (read: (worker: RelayReport["workers"][number]) => number): Read =>
  ({ workers }) =>
    Object.fromEntries(workers.map((worker) => [String(worker.index), read(worker)]));

/** What `/metrics` of a relay shows. */
export const relayMetrics: readonly Metric[] = [
  counter("received_datagrams", "Datagrams that reached the relay.", (report) => report.received),
  counter("received_bytes", "Payload bytes of those.", (report) => report.receivedBytes),
  counter("forwarded_datagrams", "Datagrams forwarded to their receiver.", (report) => report.forwarded),
  counter("forwarded_bytes", "Payload bytes of those.", (report) => report.forwardedBytes),
  {
    ...counter("consumed_datagrams", "Datagrams that were for the relay itself.", ({ consumed }) => ({
      ...consumed,
    })),
    label: "kind",
  },
  {
    ...counter("dropped_datagrams", "Datagrams dropped, by reason.", ({ dropped }) => dropped),
    label: "reason",
  },
  {
    ...counter(
      "socket_dropped_datagrams",
      "Datagrams that the kernel or a socket dropped, before the relay received them or after it let them go.",
      ({ socketDropped }) => socketDropped,
    ),
    label: "reason",
  },
  {
    ...counter("nat_helper_datagrams", "Datagrams of the NAT helper, by outcome.", ({ natHelper }) =>
      natHelper === null ? {} : { answered: natHelper.answered, ...natHelper.dropped },
    ),
    label: "outcome",
  },
  gauge("clients", "Clients registered now.", ({ clients }) => clients.filter(({ live }) => live).length),
  gauge("clients_max", "Clients at most.", ({ maxClients }) => maxClients),
  gauge("maintenance", "1 while new clients are refused.", (_, relay) => Number(relay.maintenance)),
  gauge("draining", "1 while the relay waits for its clients to leave.", (_, relay) =>
    Number(relay.phase !== "running"),
  ),
  gauge("clock_staleness_seconds", "Age of the shared tick.", (report) => report.clockStalenessMs / 1000),
  gauge("uptime_seconds", "Since the relay was started.", (report) => report.durationMs / 1000),
  {
    ...counter(
      "worker_received_datagrams",
      "Datagrams received by each worker.",
      byWorker((worker) => worker.received),
    ),
    label: "worker",
  },
  {
    ...counter(
      "worker_restarts",
      "Times that each worker died and was started again.",
      byWorker((worker) => worker.restarts),
    ),
    label: "worker",
  },
  {
    ...gauge(
      "worker_busy_ratio",
      "Share of the last second that each worker's thread was busy.",
      byWorker((worker) => worker.load),
    ),
    label: "worker",
  },
];

function counter(name: string, help: string, read: Read): Metric {
  return { name, help, kind: "counter", read: ({ report, relay }) => read(report, relay) };
}

function gauge(name: string, help: string, read: Read): Metric {
  return { name, help, kind: "gauge", read: ({ report, relay }) => read(report, relay) };
}
