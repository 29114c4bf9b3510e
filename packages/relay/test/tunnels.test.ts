import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { OperatorHttp, parseConfig, Tunnels, type RelayLog } from "@udp-relay/relay";
import { RealPeer, until } from "./real-peer.ts";
import { v2 } from "./virtual-tunnel.ts";

const ignore = (): void => undefined;
const log: RelayLog = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
const LOOPBACK = { host: "127.0.0.1", port: 0, allow: ["127.0.0.0/8"] };

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(values: Parameters<typeof parseConfig>[0]): Promise<Tunnels> {
  const tunnels = await Tunnels.start(parseConfig({ ...LOOPBACK, ...values }), { log });
  closing.push(() => tunnels.close());
  return tunnels;
}

async function peer(port: number): Promise<RealPeer> {
  const opened = await RealPeer.open(0, port);
  closing.push(() => opened.close());
  return opened;
}

async function request(port: number, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, body: await response.text() };
}

describe("a V2 tunnel beside a V3 tunnel, on real sockets", () => {
  it.each([0, 1])(
    "with %i worker threads: ids over HTTP, datagrams over UDP on the same port number",
    async (workers) => {
      const tunnels = await start({ v2Port: 0, v2RequestsPerMinute: 100, workers });
      const port = tunnels.v2Port!;
      const [a = 0, b = 0] = JSON.parse((await request(port, "/request?clients=2")).body) as number[];
      const [alice, bob] = [await peer(port), await peer(port)];
      await bob.sendBytes(v2(b, a, 20));
      await until("bob is bound", () => tunnels.report().received === 1);
      await alice.sendBytes(v2(a, b, 20));
      await until("bob has it", () => bob.received === 1);
      expect(alice.received).toBe(0);
      const [carol, dave] = [await RealPeer.open(1, tunnels.port), await RealPeer.open(2, tunnels.port)];
      closing.push(
        () => carol.close(),
        () => dave.close(),
      );
      await dave.send(0, 0);
      await until("dave is registered", () => tunnels.report().clients.length === 3);
      await carol.send(2);
      await until("dave has it", () => dave.received === 1);
      expect((await request(port, "/status")).body).toBe("198 slots free.\n2 slots in use.\n");
      const { protocol, maxClients, clients, forwarded } = tunnels.report();
      expect({ protocol, maxClients, forwarded }).toEqual({
        protocol: "v3, v2",
        maxClients: 400,
        forwarded: 2,
      });
      expect(clients.map(({ protocol: spoken, id }) => `${spoken} ${id}`).sort()).toEqual(
        [`v2 ${a}`, `v2 ${b}`, "v3 1", "v3 2"].sort(),
      );
    },
  );

  it("V2 alone: --protocol v2", async () => {
    const tunnels = await start({ protocol: "v2", v2RequestsPerMinute: 100 });
    expect((await request(tunnels.port, "/request?clients=8")).status).toBe(200);
    expect(tunnels.report()).toMatchObject({ protocol: "v2", maxClients: 200 });
    expect(tunnels.report().clients.every(({ endpoint }) => endpoint === "unbound")).toBe(true);
  });

  it("names the setting whose port is in use", async () => {
    const socket = createSocket("udp4");
    closing.push(() => socket.close());
    await once(socket.bind(0, "127.0.0.1"), "listening");
    await expect(start({ v2Port: socket.address().port })).rejects.toThrow(
      `port ${socket.address().port} of 127.0.0.1 is in use; --v2-port chooses another`,
    );
  });

  it("is one relay to its operator: maintenance, drain, metrics, reload", async () => {
    const tunnels = await start({ v2Port: 0, v2RequestsPerMinute: 1_000, natPorts: [0] });
    const http = await OperatorHttp.listen(tunnels, { address: "0", log, drainMs: 0, onDrained: ignore });
    closing.push(() => http.close());
    const port = tunnels.v2Port!;
    tunnels.maintenance = true;
    expect((await request(port, "/request?clients=2")).status).toBe(503);
    tunnels.maintenance = false;
    expect((await request(port, "/request?clients=2")).status).toBe(200);
    const metrics = await (await fetch(`http://${http.address}/metrics`)).text();
    expect(metrics).toContain("\nudp_relay_clients 2\n");
    expect(metrics).toContain("\nudp_relay_clients_max 400\n");
    expect(metrics).toContain('udp_relay_nat_helper_datagrams_total{outcome="answered"} 0');
    const needRestart = tunnels.reload({ ...tunnels.config, v2RequestsPerMinute: 0 });
    expect(needRestart).toEqual([]);
    expect((await request(port, "/health")).status).toBe(429);
    await tunnels.drain(0);
    expect(tunnels.phase).toBe("draining");
  });
});

describe("announcements of both tunnels", () => {
  it.each([{ log }, {}])(
    "each with its version and port, at once and when a drain begins, with a log and without",
    async (options) => {
      const told: URLSearchParams[] = [];
      const master = createServer((asked, response) => {
        told.push(new URL(asked.url!, "http://master").searchParams);
        response.end();
      });
      closing.push(() => master.close());
      await once(master.listen(0, "127.0.0.1"), "listening");
      const announce = `http://127.0.0.1:${(master.address() as AddressInfo).port}/`;
      const config = parseConfig({ ...LOOPBACK, v2Port: 0, announce, serverName: "here; there" });
      const tunnels = await Tunnels.start(config, options);
      closing.push(() => tunnels.close());
      await until("both are told of", () => told.length === 2);
      const facts = told.map((one) => ["version", "port", "name", "clients"].map((name) => one.get(name)));
      expect(facts.sort()).toEqual([
        ["2", String(tunnels.v2Port), "here there", "0"],
        ["3", String(tunnels.port), "here there", "0"],
      ]);
      // Who drains refuses newcomers, and is gone before a minute is over: told at once, and once.
      await tunnels.drain(0);
      await tunnels.drain(0);
      await until("both are told of again", () => told.length === 4);
      expect(told.map((one) => one.get("maintenance"))).toEqual(["0", "0", "1", "1"]);
    },
  );
});

describe("no announcement by default", () => {
  it.each([{}, { v2Port: 0, natPorts: [0], serverName: "here", masterPassword: "s3cret" }])(
    "nothing is asked for over HTTP with %o",
    async (values) => {
      const fetched = vi.spyOn(globalThis, "fetch");
      const repeated = vi.spyOn(globalThis, "setInterval");
      try {
        await start(values);
        expect(fetched).not.toHaveBeenCalled();
        expect(repeated.mock.calls.map(([, everyMs]) => everyMs)).not.toContain(60_000);
      } finally {
        fetched.mockRestore();
        repeated.mockRestore();
      }
    },
  );
});

describe("the NAT helper on a real socket", () => {
  it("tells a peer its own address and port", async () => {
    const tunnels = await start({ natPorts: [0, 0] });
    const ports = tunnels.report().natHelper!.ports;
    expect(new Set(ports).size).toBe(2);
    const socket = createSocket("udp4");
    closing.push(() => socket.close());
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const ask = new Uint8Array(48);
    ask.set([0x66, 0x96]);
    socket.send(ask, ports[1], "127.0.0.1");
    const [answer] = (await once(socket, "message")) as [Buffer];
    const unmasked = [...answer.subarray(0, 6)].map((byte) => byte ^ 0x20);
    expect(unmasked.slice(0, 4)).toEqual([127, 0, 0, 1]);
    expect(unmasked[4]! * 256 + unmasked[5]!).toBe(socket.address().port);
    expect(tunnels.report().natHelper).toMatchObject({ received: 1, answered: 1 });
  });
});

describe("settings of what stands beside the tunnel", () => {
  it.each([
    [{ v2Port: 70_000 }, /v2Port is 70000, allowed: off, or an integer from 0 to 65535/],
    [{ natPorts: "8054,x" }, /natPorts is "8054,x", allowed: ports such as 8054,3478/],
    [{ announce: "master.example" }, /announce is "master.example", allowed: an http: or https: URL/],
    [
      { announce: "http://m.example", protocol: "demo" },
      /^announce is "http:.*", allowed with V3 and V2 only/,
    ],
    [{ protocol: "v2", v2Port: 1 }, /^v2Port is 1, allowed with --protocol v2: off/],
    [
      { protocol: "v2", maxClients: 40_000, maxClientsCeiling: 50_000 },
      /^maxClients is 40000, allowed with V2: an integer from 2 to 32767/,
    ],
    [{ port: 50_000, v2Port: 50_000 }, /^v2Port is 50000, allowed: another port than --port has/],
    [{ protocol: "v2", demo: true }, /^protocol is "v2", allowed with --demo: v3, demo/],
  ])("%o is refused by name", (values, message) => {
    expect(() => parseConfig(values)).toThrow(message);
  });

  it("nothing calls home unless asked", () => {
    expect(parseConfig({})).toMatchObject({ announce: "", v2Port: "off", natPorts: [] });
  });
});
