import { afterEach, describe, expect, it } from "vitest";
import { RtpMeasurer } from "../../src/measure/rtp-measurer.ts";
import type { RelayLog } from "../../src/operations/relay-log.ts";
import { listenForOperators } from "../../src/proxy/proxy-http.ts";
import { ProxyLife } from "../../src/proxy/proxy-life.ts";
import { parseOpenMetrics } from "../openmetrics-parser.ts";
import { statusWithHost } from "../status-with-host.ts";
import { probe, VirtualProxy } from "./virtual-proxy.ts";

const A = "10.0.1.1:53";
const B = "10.0.1.2:53";
const nothing = (): void => undefined;
const silent: RelayLog = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function operate(virtual: VirtualProxy, addresses: "full" | "anonymous" = "full") {
  // Virtual time ticks the proxy; this only knows when it is to end.
  const life = new ProxyLife(virtual.proxy, { tickMs: 5, drainMs: 60_000, durationMs: 0 });
  const http = await listenForOperators(life, { address: "127.0.0.1:0", addresses, log: silent });
  closing.push(
    () => life[Symbol.dispose](),
    () => http.close(),
  );
  const base = `http://${http.address}`;
  const text = async (path: string): Promise<string> => (await fetch(`${base}${path}`)).text();
  return {
    life,
    base,
    status: async (path: string) => (await fetch(`${base}${path}`)).status,
    text,
    json: async (path: string) => JSON.parse(await text(path)) as unknown,
    sample: async (name: string) =>
      parseOpenMetrics(await text("/metrics")).samples.get(`udp_relay_proxy_${name}`),
    post: async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(`${base}${path}`, { method: "POST", headers })).status,
  };
}

describe("a proxy's HTTP", () => {
  it("/metrics has what the report has, by backend, and a second page is no sum", async () => {
    const virtual = new VirtualProxy([A, B], { probe, measurer: new RtpMeasurer() });
    const { text, sample } = await operate(virtual);
    for (const n of [1, 2, 3]) virtual.client(`192.0.2.${n}`).send("hello");
    virtual.advance(1_000);
    virtual.backends[1]!.dead = true;
    virtual.advance(3_000);
    for (let scrape = 0; scrape < 2; scrape++) {
      const { samples, types } = parseOpenMetrics(await text("/metrics"));
      const value = (name: string): number | undefined => samples.get(`udp_relay_proxy_${name}`);
      expect(value("sessions")).toBe(3);
      expect(value('sessions_changed_total{change="opened"}')).toBe(3);
      expect(value('dropped_datagrams_total{reason="noBackend"}')).toBe(0);
      expect(value(`backend_up{backend="${A}"}`)).toBe(1);
      expect(value(`backend_up{backend="${B}"}`)).toBe(0);
      expect(value(`backend_sent_datagrams_total{backend="${A}"}`)).toBe(2);
      expect(value(`backend_received_bytes_total{backend="${B}"}`)).toBe(`${B} heard hello`.length);
      expect(value(`backend_rtt_seconds{backend="${A}"}`)).toBeCloseTo(0.01, 3);
      expect(value('socket_received_datagrams_total{socket="listen"}')).toBe(3);
      expect(value('socket_sent_datagrams_total{socket="listen"}')).toBe(3);
      expect(value('stream_packets{way="from_clients"}')).toBe(0);
      expect(types.get("udp_relay_proxy_backend_sent_datagrams")).toBe("counter");
      // Nothing of a client's is a label.
      expect([...samples.keys()].join("\n")).not.toContain("192.0.2.");
    }
    expect(await sample("callback_errors_total")).toBe(0);
  });

  it("/clients and /backends tell of each, addresses cut where that is asked for", async () => {
    const virtual = new VirtualProxy([A], {});
    virtual.client("192.0.2.1").send("hello");
    virtual.advance(1_000);
    const full = await operate(virtual);
    const session = { backend: A, packetsReceived: 1, bytesReceived: 5, packetsSent: 1, fromClient: null };
    expect(await full.json("/clients")).toMatchObject([{ ...session, endpoint: "192.0.2.1:4000" }]);
    expect(await full.json("/backends")).toMatchObject([{ name: A, state: "up", sessions: 1 }]);
    const cut = await operate(virtual, "anonymous");
    expect(await cut.json("/clients")).toMatchObject([{ ...session, endpoint: "192.0.2.0/24" }]);
  });

  it("/ready says why not: paused, draining, no backend; /health goes on", async () => {
    const virtual = new VirtualProxy([A], { probe });
    const { text, status, post, life, sample } = await operate(virtual);
    virtual.client("192.0.2.1").send("hello");
    virtual.advance(100);
    expect([await status("/ready"), await status("/health")]).toEqual([200, 200]);
    virtual.backends[0]!.dead = true;
    virtual.advance(4_000);
    expect(await text("/ready")).toBe("no backend is up\n");
    virtual.backends[0]!.dead = false;
    virtual.advance(4_000);
    expect(await post("/admin/maintenance/on")).toBe(200);
    expect([await text("/ready"), await sample("maintenance")]).toEqual(["paused\n", 1]);
    virtual.client("192.0.2.2").send("new");
    virtual.advance(100);
    expect(virtual.proxy.drops.draining).toBe(1);
    expect(await post("/admin/maintenance/off")).toBe(200);
    expect(await text("/ready")).toBe("ready\n");
    expect(await post("/admin/drain")).toBe(202);
    expect([await text("/ready"), await sample("draining")]).toEqual(["draining\n", 1]);
    // A second request ends nothing; the last session's end does.
    expect(await post("/admin/drain")).toBe(202);
    expect(virtual.proxy.sessions).toBe(1);
    expect([await status("/ready"), await status("/health")]).toEqual([503, 200]);
    virtual.advance(20_000);
    await life.ended;
  });

  it("POST /admin/backend/drain?name= takes one backend out for new sessions, /resume takes it back", async () => {
    const virtual = new VirtualProxy([A, B], { weights: [100, 1] });
    const { post, json, sample, status } = await operate(virtual);
    const old = virtual.client("192.0.2.1");
    old.send("hello");
    virtual.advance(100);
    expect(await post(`/admin/backend/drain?name=${A}`)).toBe(200);
    expect(await sample(`backend_draining{backend="${A}"}`)).toBe(1);
    old.send("I was here");
    virtual.client("192.0.2.2").send("hello");
    virtual.advance(100);
    expect(await json("/backends")).toMatchObject([
      { name: A, state: "draining", sessions: 1, datagramsTo: 2 },
      { name: B, state: "up", sessions: 1 },
    ]);
    expect(await post(`/admin/backend/resume?name=${encodeURIComponent(A)}`)).toBe(200);
    virtual.client("192.0.2.3").send("hello");
    virtual.advance(100);
    expect(await json("/backends")).toMatchObject([{ state: "up", sessions: 2 }, { sessions: 1 }]);
    expect(await post("/admin/backend/drain?name=10.0.9.9:53")).toBe(404);
    expect(await post("/admin/backend/drain")).toBe(404);
    expect(await status(`/admin/backend/drain?name=${A}`)).toBe(405);
    expect(await post(`/admin/backend/drain?name=${A}`, { Origin: "http://evil.example" })).toBe(403);
  });

  it("THREATS 'metrics': refuses web pages, other methods and other paths", async () => {
    const { post, status, base } = await operate(new VirtualProxy([A], {}));
    expect(base).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await post("/admin/drain", { Origin: "http://evil.example" })).toBe(403);
    expect(await post("/metrics")).toBe(405);
    expect(await status("/admin/drain")).toBe(405);
    for (const path of ["/clients", "/backends", "/metrics"])
      expect([path, await statusWithHost(`${base}${path}`, "evil.example", "GET")]).toEqual([path, 403]);
    expect(await statusWithHost(`${base}/backends`, "localhost:1", "GET")).toBe(200);
    expect([await status("/constructor"), await status("/admin/sweep")]).toEqual([404, 404]);
  });
});

describe("callbacks that throw", () => {
  it("onHealth's cost no probe and no change of health, and are counted", async () => {
    const told: unknown[] = [];
    const virtual = new VirtualProxy([A, B], {
      probe,
      onHealth: () => {
        throw new Error("a bug of the operator's");
      },
      onError: (error) => {
        told.push(error);
        throw error;
      },
    });
    const { sample } = await operate(virtual);
    virtual.backends[0]!.dead = true;
    virtual.advance(4_000);
    virtual.backends[0]!.dead = false;
    virtual.advance(4_000);
    const { backends, callbackErrors } = virtual.proxy.report();
    expect(backends.map(({ state }) => state)).toEqual(["up", "up"]);
    expect(told).toHaveLength(2);
    // The one that is told threw, too.
    expect([callbackErrors, await sample("callback_errors_total")]).toEqual([4, 4]);
  });

  it("the measurer's cost no datagram", () => {
    const virtual = new VirtualProxy([A], {
      measurer: {
        name: "faulty",
        sequenceBits: 16,
        measure: () => {
          throw new Error("not what it expected");
        },
      },
    });
    const client = virtual.client("192.0.2.1");
    client.send("one");
    client.send("two");
    virtual.advance(100);
    expect(client.received).toEqual([`${A} heard one`, `${A} heard two`]);
    expect(virtual.proxy.report().callbackErrors).toBe(4);
  });
});
