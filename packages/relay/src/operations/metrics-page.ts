import type { ServerResponse } from "node:http";
import { collectDefaultMetrics, Counter, Gauge, Registry, type OpenMetricsContentType } from "prom-client";
import { reply } from "./operator-server.ts";

/** What is exported of a `Source`; a client's id or address is never a label, so that the series are bounded. */
export interface Metric<Source> {
  /** After `udp_relay_`, and before a counter's `_total`. */
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  readonly label?: string | undefined;
  /** One value, or values by the label's value. */
  readonly read: (source: Source) => number | Readonly<Record<string, number>>;
}

/**
 * The library's gauges that end as only a counter may (OpenMetrics 1.0, section 5.1); each is the sum of one by type
 * beside it, `sum(udp_relay_nodejs_active_handles)`.
 */
const MISNAMED = ["handles", "requests", "resources"].map((what) => `udp_relay_nodejs_active_${what}_total`);

/**
 * A page of metrics in the OpenMetrics text format, and those of the process. Every number is read when it is asked
 * for; nothing is kept between two scrapes.
 *
 * @param read called once a page, so that its numbers fit together
 */
export function metricsPage<Source>(
  metrics: readonly Metric<Source>[],
  read: () => Source,
): (response: ServerResponse) => Promise<void> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectDefaultMetrics({ register: registry, prefix: "udp_relay_" });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  let source: Source;
  for (const metric of metrics) register(registry, metric, () => source);
  return async (response) => {
    source = read();
    reply(response, 200, await registry.metrics(), registry.contentType);
  };
}

function register<Source>(
  registry: Registry<OpenMetricsContentType>,
  { name, help, kind, label, read }: Metric<Source>,
  source: () => Source,
): void {
  const values = (): Readonly<Record<string, number>> => {
    const value = read(source());
    return typeof value === "number" ? { "": value } : value;
  };
  const settings = {
    name: `udp_relay_${name}${kind === "counter" ? "_total" : ""}`,
    help,
    labelNames: label === undefined ? [] : [label],
    registers: [registry],
  };
  const labelsOf = (value: string): Record<string, string> => (label === undefined ? {} : { [label]: value });
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
