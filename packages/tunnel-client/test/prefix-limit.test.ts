/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { endpointFromWords, parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { JOIN_PREFIX_FULL, TunnelClientTable } from "../src/index.ts";

/** THREATS' own figure with UDP_RELAY_LONG=1. */
const CHURN = process.env.UDP_RELAY_LONG === "1" ? 1_000_000 : 20_000;
const options = { capacity: 64, timeoutMs: 8_000, workers: 1, clientsPerPrefix: 8 } as const;
const v4 = (host: number, port: number) => parseEndpoint(`192.0.2.${host}:${port}`);
const v6 = (net: string, host: number) => parseEndpoint(`[2001:db8:0:${net}::${host.toString(16)}]:5000`);

function join(clients: TunnelClientTable, endpoint: ReturnType<typeof v4>, tick = 0): number {
  using _guard = clients.enter();
  const slot = clients.joinEndpoint(endpoint, tick);
  return slot < 0 ? slot : clients.handle(slot);
}

describe("clients per prefix", () => {
  it("refuses the ninth of an IPv4 address, whatever its port, and nobody of another", () => {
    using clients = TunnelClientTable.create(options);
    const handles = Array.from({ length: 8 }, (_, i) => join(clients, v4(1, 1_000 + i)));
    expect(handles.every((handle) => handle > 0)).toBe(true);
    expect(join(clients, v4(1, 2_000))).toBe(JOIN_PREFIX_FULL);
    expect(join(clients, v4(1, 1_000))).toBe(handles[0]);
    expect(join(clients, v4(2, 1_000))).toBeGreaterThan(0);
    expect(clients.prefixClients(v4(1, 1))).toBe(8);
    expect(clients.stats().prefixFull).toBe(1);
    expect(clients.remove(handles[3]!)).toBe(true);
    expect(clients.prefixClients(v4(1, 1))).toBe(7);
    expect(join(clients, v4(1, 2_000))).toBeGreaterThan(0);
    expect(join(clients, v4(1, 2_001))).toBe(JOIN_PREFIX_FULL);
    expect(clients.size).toBe(9);
  });

  it("takes an IPv6 /64 for one prefix", () => {
    using clients = TunnelClientTable.create({ ...options, clientsPerPrefix: 2 });
    expect(join(clients, v6("1", 1))).toBeGreaterThan(0);
    expect(join(clients, v6("1", 0xffff))).toBeGreaterThan(0);
    expect(join(clients, v6("1", 3))).toBe(JOIN_PREFIX_FULL);
    expect(join(clients, v6("2", 1))).toBeGreaterThan(0);
  });

  it("may be more than a line of members", () => {
    using clients = TunnelClientTable.create({ ...options, clientsPerPrefix: 30 });
    for (let port = 1; port <= 30; port++) expect(join(clients, v4(1, port))).toBeGreaterThan(0);
    expect(join(clients, v4(1, 31))).toBe(JOIN_PREFIX_FULL);
    expect(clients.prefixClients(v4(1, 1))).toBe(30);
  });

  it("makes room by an expired client of the prefix", () => {
    using clients = TunnelClientTable.create(options);
    for (let port = 1; port <= 8; port++) join(clients, v4(1, port), port === 5 ? 0 : 4_000);
    clients.beat(4_000);
    clients.beat(7_000);
    expect(join(clients, v4(1, 100), 7_500)).toBe(JOIN_PREFIX_FULL);
    expect(join(clients, v4(1, 100), 8_000)).toBeGreaterThan(0);
    expect(clients.prefixClients(v4(1, 1))).toBe(8);
    using _guard = clients.enter();
    expect(clients.findEndpoint(v4(1, 5))).toBe(-1);
  });

  it("moves with a client that is rebound or gets another key", () => {
    using byEndpoint = TunnelClientTable.create({ ...options, clientsPerPrefix: 1 });
    const handle = join(byEndpoint, v4(1, 1));
    join(byEndpoint, v4(2, 1));
    expect(byEndpoint.rekey(handle, v4(2, 2))).toBe(JOIN_PREFIX_FULL);
    expect(byEndpoint.rekey(handle, v4(3, 1))).toBe(0);
    expect([1, 2, 3].map((host) => byEndpoint.prefixClients(v4(host, 1)))).toEqual([0, 1, 1]);

    using byId = TunnelClientTable.create({ ...options, key: "u32", clientsPerPrefix: 1 });
    using _guard = byId.enter();
    const slot = byId.join(7, v4(1, 1), 0);
    expect(byId.join(8, v4(1, 2), 0)).toBe(JOIN_PREFIX_FULL);
    expect(byId.rebind(slot, v4(2, 1), 0)).toBe(0);
    expect(byId.join(8, v4(1, 2), 0)).toBeGreaterThanOrEqual(0);
    expect([1, 2].map((host) => byId.prefixClients(v4(host, 1)))).toEqual([1, 1]);
  });

  it(`returns to nothing after a churn of ${CHURN}`, () => {
    using clients = TunnelClientTable.create({ ...options, clientsPerPrefix: 3 });
    const live: number[] = [];
    let refused = 0;
    for (let i = 0; i < CHURN; i++) {
      const mixed = Math.imul(i, 0x9e3779b1) >>> 16;
      const net = mixed % 7;
      const endpoint =
        i % 2 === 0
          ? endpointFromWords(0, 0, 0xffff, 0xc0000200 + net, 1 + (mixed % 60_000))
          : endpointFromWords(0x20010db8, net, 0, mixed, 5_000);
      const handle = join(clients, endpoint);
      if (handle > 0) live.push(handle);
      else refused++;
      if (i % 3 === 0 && live.length > 0) clients.remove(live.splice((i * 31) % live.length, 1)[0]!);
    }
    expect(refused).toBeGreaterThan(100);
    const counts = () =>
      Array.from({ length: 14 }, (_, i) =>
        clients.prefixClients(i % 2 === 0 ? v4(i >> 1, 1) : v6(`${i >> 1}`, 1))!,
      );
    expect(Math.max(...counts())).toBeLessThanOrEqual(3);
    expect(counts().reduce((sum, count) => sum + count)).toBe(clients.size);
    for (const handle of live) clients.remove(handle);
    expect(Math.max(...counts())).toBe(0);
    expect(clients.size).toBe(0);
  }, 120_000);
});
