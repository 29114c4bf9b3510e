import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { OperatorHttp, parseConfig, Relay, type RelayLog } from "@udp-relay/relay";
import { parseOpenMetrics } from "./openmetrics-parser.ts";
import { RealPeer, until } from "./real-peer.ts";

/** A Python that has `prometheus_client` (`pip install prometheus-client`): Prometheus's own OpenMetrics reader. */
const python = process.env.UDP_RELAY_PYTHON ?? "python3";
const READER = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.read()))
print(json.dumps({
    "types": {family.name: family.type for family in families},
    "samples": [[s.name, s.labels, s.value] for family in families for s in family.samples],
}))
`;
const there =
  spawnSync(python, ["-c", "import prometheus_client.openmetrics.parser"], { timeout: 10_000 }).status === 0;

interface PageInPython {
  readonly types: Readonly<Record<string, string>>;
  readonly samples: readonly (readonly [string, Readonly<Record<string, string>>, number])[];
}

function readByPython(page: string): PageInPython | string {
  const { stdout, stderr, status } = spawnSync(python, ["-c", READER], { input: page, encoding: "utf8" });
  return status === 0 ? (JSON.parse(stdout) as PageInPython) : stderr;
}

const quiet = (): void => undefined;
const silent: RelayLog = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

describe(`GET /metrics, read by Prometheus's client for Python${there ? "" : ` (${python} has no prometheus_client)`}`, () => {
  it.skipIf(!there)("is OpenMetrics, and every sample is what our own reader says it is", async () => {
    await using relay = await Relay.start(
      parseConfig({ host: "127.0.0.1", port: 0, allow: ["127.0.0.0/8"], workers: 1, transport: "node" }),
    );
    await using http = await OperatorHttp.listen(relay, {
      ...{ address: "127.0.0.1:0", log: silent, drainMs: 1_000 },
      onDrained: quiet,
    });
    const peer = await RealPeer.open(1, relay.port);
    await peer.send(0, 0);
    await peer.send(2);
    await until("a drop", () => relay.report().dropped.unknownReceiver === 1);
    const page = await (await fetch(`http://${http.address}/metrics`)).text();
    peer.close();
    const theirs = readByPython(page);
    if (typeof theirs === "string") throw new Error(theirs);
    const ours = parseOpenMetrics(page);
    expect(theirs.types).toEqual(Object.fromEntries(ours.types));
    const named = theirs.samples.map(([name, labels, value]) => {
      const list = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return [list.length === 0 ? name : `${name}{${list.join(",")}}`, value];
    });
    expect(Object.fromEntries(named)).toEqual(Object.fromEntries(ours.samples));
    expect(ours.samples.get("udp_relay_received_datagrams_total")).toBe(2);
    // Both refuse a page that was cut, and a counter without its suffix.
    for (const bad of [page.replace("# EOF\n", ""), page.replace("_datagrams_total", "_datagrams")]) {
      expect(readByPython(bad)).toContain("ValueError");
      expect(() => parseOpenMetrics(bad)).toThrow();
    }
  });
});
