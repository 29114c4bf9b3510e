import { collectDefaultMetrics, Counter, Gauge, Registry, type OpenMetricsContentType } from "prom-client";
import type { RelayReport } from "../report/relay-report.ts";
import type { OperatedRelay } from "./operated-relay.ts";

/** What is exported of a report; a client's id or address is never a label, so that the series are bounded. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  readonly label?: string;
  /** One value, or values by the label's value. */
  readonly read: (report: RelayReport, relay: OperatedRelay) => number | Readonly<Record<string, number>>;
}

const byWorker =
  (read: (worker: RelayReport["workers"][number]) => number): Metric["read"] =>
  ({ workers }) =>
    Object.fromEntries(workers.map((worker) => [String(worker.index), read(worker)]));

const metrics: readonly Metric[] = [
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

/**
 * The relay's metrics in the OpenMetrics text format. Every number is read when it is asked for; nothing is kept here
 * between two scrapes.
 */
export class RelayMetrics {
  readonly #registry: Registry<OpenMetricsContentType>;
  readonly #relay: OperatedRelay;
  #report: RelayReport | undefined;

  constructor(relay: OperatedRelay) {
    this.#relay = relay;
    this.#registry = new Registry<OpenMetricsContentType>();
    this.#registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    collectDefaultMetrics({ register: this.#registry, prefix: "udp_relay_" });
    for (const metric of metrics) this.#register(metric);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The page. One report serves all of its numbers, so that they fit together. */
  async page(): Promise<string> {
    this.#report = this.#relay.report();
    return this.#registry.metrics();
  }

  #register({ name, help, kind, label, read }: Metric): void {
    const values = (): Readonly<Record<string, number>> => {
      const value = read(this.#report ?? this.#relay.report(), this.#relay);
      return typeof value === "number" ? { "": value } : value;
    };
    const settings = {
      name: `udp_relay_${name}${kind === "counter" ? "_total" : ""}`,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [this.#registry],
    };
    const labelsOf = (value: string): Record<string, string> =>
      label === undefined ? {} : { [label]: value };
    if (kind === "gauge") {
      new Gauge({
        ...settings,
        collect() {
          this.reset();
          for (const [key, value] of Object.entries(values())) this.set(labelsOf(key), value);
        },
      });
      return;
    }
    new Counter({
      ...settings,
      collect() {
        this.reset();
        for (const [key, value] of Object.entries(values())) this.inc(labelsOf(key), value);
      },
    });
  }
}

function counter(name: string, help: string, read: Metric["read"]): Metric {
  return { name, help, kind: "counter", read };
}

function gauge(name: string, help: string, read: Metric["read"]): Metric {
  return { name, help, kind: "gauge", read };
}
