import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { OperatorHttp, type OperatedRelay, type RelayLog } from "@udp-relay/relay";
import { parseOpenMetrics } from "./openmetrics-parser.ts";
import { closeAll, closeAtEnd, peer, silent, start } from "./operated-relay.ts";
import { until } from "./real-peer.ts";
import { statusWithHost } from "./status-with-host.ts";

afterEach(closeAll);

describe("GET /metrics", () => {
  it("is OpenMetrics that a strict parser takes, and holds what the report holds, exactly for all workers together", async () => {
    const { relay, get } = await start({ workers: 2 });
    const [a, b] = [await peer(relay, 1), await peer(relay, 2)];
    // One after the other: two workers that register at once may refuse one of them as busy.
    await a.send(0, 0);
    await until("a registration", () => relay.report().consumed.registrations === 1);
    await b.send(0, 0);
    await until("registrations", () => relay.report().consumed.registrations === 2);
    await a.send(2, 10);
    await a.send(9, 10);
    // A worker adds a batch to the totals when it has sent it.
    await until("totals", () => relay.report().received === 4);
    const response = await get("/metrics");
    expect(response.headers.get("content-type")).toBe(
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    const families = parseOpenMetrics(await response.text());
    const value = (sample: string): number | undefined => families.samples.get(sample);
    expect(value("udp_relay_received_datagrams_total")).toBe(4);
    expect(value("udp_relay_forwarded_datagrams_total")).toBe(1);
    expect(value('udp_relay_dropped_datagrams_total{reason="unknownReceiver"}')).toBe(1);
    expect(value('udp_relay_consumed_datagrams_total{kind="registrations"}')).toBe(2);
    expect(value("udp_relay_clients")).toBe(2);
    expect(value("udp_relay_maintenance")).toBe(0);
    expect(families.types.get("udp_relay_received_datagrams")).toBe("counter");
    expect(families.types.get("udp_relay_socket_dropped_datagrams")).toBe("counter");
    const byWorker = relay
      .report()
      .workers.map(
        ({ index }) => value(`udp_relay_worker_received_datagrams_total{worker="${index}"}`) ?? NaN,
      );
    expect(byWorker.reduce((sum, n) => sum + n, 0)).toBe(4);
    // A second page is no sum of both.
    const again = parseOpenMetrics(await (await get("/metrics")).text());
    expect(again.samples.get("udp_relay_received_datagrams_total")).toBe(4);
  });

  it("has counters that end in _total, and nothing else that does (what promtool's lint asks for)", async () => {
    const { get } = await start();
    const { types, samples } = parseOpenMetrics(await (await get("/metrics")).text());
    for (const name of [...samples.keys()].map((sample) => sample.replace(/\{.*/, ""))) {
      const type = types.get(name) ?? types.get(name.replace(/_(total|created)$/, ""));
      if (name.endsWith("_total")) expect([name, type]).toEqual([name, "counter"]);
      if (types.has(name)) expect([name, /_(total|count|sum|bucket)$/.test(name)]).toEqual([name, false]);
    }
    // Of what the library's misnamed ones were the sums of. Bun does not tell its handles.
    const handles = [...samples.keys()].filter((name) => name.startsWith("udp_relay_nodejs_active_handles{"));
    if (process.versions.bun === undefined) expect(handles.length).toBeGreaterThan(0);
  });

  it("shows what sockets and kernel dropped, by reason, apart from what the relay dropped", async () => {
    const { relay, get } = await start({ maxDatagramBytes: 64 });
    const one = await peer(relay, 1);
    await one.send(2, 100);
    await until("the drop", () => relay.report().socketDropped.truncated === 1);
    const { samples } = parseOpenMetrics(await (await get("/metrics")).text());
    expect(samples.get('udp_relay_socket_dropped_datagrams_total{reason="truncated"}')).toBe(1);
    expect(samples.get("udp_relay_received_datagrams_total")).toBe(0);
  });

  it("THREATS 'metrics': has as many series with 50 clients as with 2, and none names a client", async () => {
    const { relay, get } = await start({ clientsPerPrefix: 100 });
    const series = async (): Promise<string[]> => [
      ...parseOpenMetrics(await (await get("/metrics")).text()).samples.keys(),
    ];
    for (let id = 1; id <= 2; id++) await (await peer(relay, id)).send(0, 0);
    await until("registrations", () => relay.report().consumed.registrations === 2);
    const few = (await series()).filter((name) => !name.includes("nodejs")).sort();
    for (let id = 3; id <= 50; id++) await (await peer(relay, id)).send(0, 0);
    await until("registrations", () => relay.report().consumed.registrations === 50);
    const many = (await series()).filter((name) => !name.includes("nodejs")).sort();
    expect(many).toEqual(few);
    expect(many.join("\n")).not.toMatch(/127\.0\.0\.1|client_id|endpoint/);
  });
});

describe("GET /health, /ready, /clients", () => {
  it("answer what is so", async () => {
    const { relay, get } = await start();
    await (await peer(relay, 0xabcdef)).send(0, 0);
    await until("registration", () => relay.report().consumed.registrations === 1);
    expect(await (await get("/health")).text()).toBe("OK\n");
    expect((await get("/ready")).status).toBe(200);
    expect(await (await get("/clients")).json()).toMatchObject([
      { id: 0xabcdef, packetsReceived: 1, lossPerMille: null },
    ]);
    relay.maintenance = true;
    expect(await (await get("/ready")).text()).toBe("in maintenance\n");
    expect((await get("/ready")).status).toBe(503);
    expect((await get("/health")).status).toBe(200);
    relay.maintenance = false;
    expect(await (await get("/ready")).text()).toBe("ready\n");
  });

  it("say that a worker is being restarted: not healthy, and as ready as before", async () => {
    const { relay } = await start();
    const restarting: OperatedRelay = {
      phase: "running",
      maintenance: false,
      sweep: () => 0,
      drain: () => Promise.resolve(),
      // What a report holds between a worker's death and its successor's first word.
      report: () => ({
        ...relay.report(),
        workers: relay.report().workers.map((worker) => ({ ...worker, state: "restarting" })),
      }),
    };
    const http = await OperatorHttp.listen(restarting, {
      ...{ address: "127.0.0.1:0", log: silent, drainMs: 0 },
      onDrained: () => undefined,
    });
    closeAtEnd(http);
    const health = await fetch(`http://${http.address}/health`);
    expect([health.status, await health.text()]).toEqual([503, "worker 0 is restarting\n"]);
    expect((await fetch(`http://${http.address}/ready`)).status).toBe(200);
  });

  it("cut addresses that are to be anonymous", async () => {
    const { relay, get } = await start({ logAddresses: "anonymous" });
    await (await peer(relay, 5)).send(0, 0);
    await until("registration", () => relay.report().consumed.registrations === 1);
    expect(await (await get("/clients")).json()).toMatchObject([{ endpoint: "127.0.0.0/24" }]);
  });

  it("know no other path and no other method", async () => {
    const { get, post } = await start();
    expect((await get("/")).status).toBe(404);
    expect((await get("/admin/nothing")).status).toBe(404);
    expect((await post("/metrics")).status).toBe(405);
    expect((await get("/admin/sweep")).status).toBe(405);
  });
});

describe("a name that was rebound to here", () => {
  it("THREATS 'metrics': reads nothing over loopback; addresses and localhost do", async () => {
    const { base } = await start();
    for (const path of ["/clients", "/metrics", "/health", "/ready"]) {
      const statuses = [];
      for (const host of [
        "evil.example",
        "evil.example:9150",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
      ])
        statuses.push(await statusWithHost(`${base}${path}`, host, "GET"));
      for (const host of ["127.0.0.1:1", "LocalHost", "[::1]:9150", "192.0.2.1"])
        statuses.push(await statusWithHost(`${base}${path}`, host, "GET"));
      expect([path, ...statuses]).toEqual([path, 403, 403, 403, 403, 200, 200, 200, 200]);
    }
  });
});

describe("POST /admin", () => {
  it("switches maintenance: newcomers are refused, clients are relayed", async () => {
    const { relay, post } = await start();
    const [a, b, c] = [await peer(relay, 1), await peer(relay, 2), await peer(relay, 3)];
    for (const one of [a, b]) await one.send(0, 0);
    await until("registrations", () => relay.report().consumed.registrations === 2);
    expect(await (await post("/admin/maintenance/on")).json()).toEqual({ maintenance: true });
    await c.send(0, 0);
    await a.send(2, 10);
    await until("the refusal", () => relay.report().dropped.maintenance === 1);
    await until("the datagram", () => b.received === 1);
    expect(await (await post("/admin/maintenance/off")).json()).toEqual({ maintenance: false });
    await c.send(0, 0);
    await until("the registration", () => relay.report().consumed.registrations === 3);
  });

  it("sweeps; who leaves is logged and listed without its address, if addresses are to be anonymous", async () => {
    const lines: object[] = [];
    const log: RelayLog = { ...silent, debug: (...line: unknown[]) => lines.push(line) };
    const settings = { timeoutMs: 1_000, refreshMs: 60_000 };
    const { relay, post } = await start(settings, "127.0.0.1:0", log);
    await (await peer(relay, 1)).send(0, 0);
    await until("registration", () => relay.report().consumed.registrations === 1);
    expect(await (await post("/admin/sweep")).json()).toEqual({ expired: 0 });
    await (await peer(relay, 2)).send(0, 0);
    await until("registration", () => relay.report().consumed.registrations === 2);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    relay.reload({ ...relay.config, logAddresses: "anonymous" });
    expect(await (await post("/admin/sweep")).json()).toEqual({ expired: 2 });
    expect(lines.length).toBe(2);
    for (const line of lines) {
      expect(line).toMatchObject([
        { client: { endpoint: "127.0.0.0/24" }, reason: "expired" },
        "a client left",
      ]);
    }
    expect(JSON.stringify([lines, relay.report().clients])).not.toContain("127.0.0.1");
    expect(relay.report().clients).toMatchObject([{ live: false }, { live: false }]);
    relay.reload({ ...relay.config, logAddresses: "full" });
    expect(relay.report().clients[0]!.endpoint).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it("drains: no newcomers, live clients are relayed", async () => {
    const { relay, post, get, isDrained } = await start();
    const [a, b, c] = [await peer(relay, 1), await peer(relay, 2), await peer(relay, 3)];
    for (const one of [a, b]) await one.send(0, 0);
    await until("registrations", () => relay.report().consumed.registrations === 2);
    expect((await post("/admin/drain")).status).toBe(202);
    const ready = await get("/ready");
    expect([ready.status, await ready.text()]).toEqual([503, "draining\n"]);
    expect((await get("/health")).status).toBe(200);
    await c.send(0, 0);
    for (let i = 0; i < 5; i++) await a.send(2, 10);
    await until("datagrams", () => b.received === 5);
    expect(relay.report().dropped.maintenance).toBe(1);
    expect(isDrained()).toBe(false);
  });

  it("has drained once the last client has left, long before the time for it is over", async () => {
    const { relay, post, isDrained } = await start({ timeoutMs: 1_000 });
    await (await peer(relay, 1)).send(0, 0);
    await until("the registration", () => relay.report().consumed.registrations === 1);
    await post("/admin/drain");
    await until("the end", isDrained, 20_000);
  });

  it("THREATS 'metrics': refuses web pages, names that were rebound, and other machines", async () => {
    const { base, post } = await start();
    expect((await post("/admin/sweep", { Origin: "http://evil.example" })).status).toBe(403);
    expect(await statusWithHost(`${base}/admin/sweep`, "evil.example", "POST")).toBe(403);
    expect(await statusWithHost(`${base}/admin/sweep`, "localhost:1", "POST")).toBe(200);
  });

  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);

  it.skipIf(outside === undefined)(
    `THREATS 'metrics': listens on loopback unless told, and administrates there only${outside === undefined ? " (no other address here)" : ""}`,
    async () => {
      const { http } = await start();
      const { port } = new URL(`http://${http.address}`);
      await expect(fetch(`http://${outside!.address}:${port}/metrics`)).rejects.toThrow();
      const told = await start({}, "0.0.0.0:0");
      const toldPort = new URL(`http://${told.http.address}`).port;
      expect((await fetch(`http://${outside!.address}:${toldPort}/metrics`)).status).toBe(200);
      const admin = await fetch(`http://${outside!.address}:${toldPort}/admin/sweep`, { method: "POST" });
      expect(admin.status).toBe(403);
      // By a name, as Prometheus may ask: numbers, and nobody's address.
      const byName = (path: string): Promise<number> =>
        statusWithHost(`http://${outside!.address}:${toldPort}${path}`, "relay.example", "GET");
      expect([await byName("/metrics"), await byName("/ready"), await byName("/clients")]).toEqual([
        200, 200, 403,
      ]);
      expect((await fetch(`http://${outside!.address}:${toldPort}/clients`)).status).toBe(200);
    },
  );
});
