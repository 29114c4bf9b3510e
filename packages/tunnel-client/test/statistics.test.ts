/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { parseEndpoint } from "@udp-relay/address-validation";
import { ShardedMap } from "@udp-relay/sharded-map";
import { describe, expect, it } from "vitest";
import { recordLayout } from "../src/client-record.ts";
import { TunnelClient, TunnelClientError, TunnelClientTable } from "../src/index.ts";
import { LoneClient, send } from "./lone-client.ts";

describe("counters", () => {
  it("are exact beyond 2^32", () => {
    using client = new LoneClient();
    const { table, slot, handle } = client;
    for (let i = 0; i < 5; i++) table.received(slot, 0xffff_ffff, 0);
    table.sent(slot, 0xffff_fffe, 0);
    expect(table.snapshotOf(handle)).toMatchObject({
      packetsReceived: 5,
      bytesReceived: 5 * 0xffff_ffff,
      packetsSent: 1,
      bytesSent: 0xffff_fffe,
    });
  });

  it("fall to nothing by a reset, which keeps what was measured and when it last sent", () => {
    using client = new LoneClient({ timeConstantMs: 1_000 });
    const { table, slot, handle } = client;
    for (let round = 1; round <= 3; round++) {
      send(client, 1_000, 1_000, round * 10_000);
      table.sent(slot, 500, client.tick);
      table.setLatency(slot, 40);
      expect(table.resetStats(slot, client.tick)).toBe(true);
      expect(table.snapshotOf(handle, client.tick + 10)).toMatchObject({
        packetsReceived: 0,
        bytesReceived: 0,
        packetsSent: 0,
        bytesSent: 0,
        bytesPerSecondIn: 0,
        bytesPerSecondOut: 0,
        latencyMs: 40,
        idleMs: 11,
        ageMs: 10,
      });
      table.received(slot, 77, client.tick);
      expect(table.snapshotOf(handle, client.tick)).toMatchObject({ packetsReceived: 1, bytesReceived: 77 });
    }
  });
});

describe("memory", () => {
  it.each([
    ["u32", 10_000],
    ["u32", 1_000_000],
    ["endpoint", 10_000],
    ["endpoint", 1_000_000],
  ] as const)("of a client by %s is at most 288 bytes of %i, everything included", (key, capacity) => {
    using clients = TunnelClientTable.create({ capacity, timeoutMs: 30_000, key });
    expect(clients.region.memory.buffer.byteLength / capacity).toBeLessThanOrEqual(288);
  });
});

describe("TunnelClient", () => {
  const home = parseEndpoint("192.0.2.1:5000");

  it("is one client by itself, with the crate's surface", () => {
    using client = new TunnelClient({ timeoutMs: 30_000, endpoint: home, timeConstantMs: 1_000 });
    const start = client.lastReceiveTick;
    expect(client.endpoint).toEqual(home);
    expect(client.priority(start)).toBe(1_000);
    for (let ms = 0; ms < 10_000; ms++) client.received(1_000, start + ms);
    client.sent(40, start + 10_000);
    expect(client.isSlow(start + 10_000)).toBe(false);
    expect(client.isSlow(start + 13_000)).toBe(true);
    expect(client.isTimedOut(start + 39_998)).toBe(false);
    expect(client.isTimedOut(start + 39_999)).toBe(true);
    client.setLatency(20);
    client.setLossPerMille(3);
    expect(client.connectionInfo(start + 10_000)).toMatchObject({
      endpoint: home,
      packets: 10_001,
      bytes: 10_000_040,
      ageMs: 10_000,
      idleMs: 1,
    });
    expect(client.priority(start + 10_000)).toBe(Math.floor(2 ** 20 / 1_001_000) + 20 + 3 + 1);
    client.rebind(parseEndpoint("[2001:db8::1]:9"));
    expect(client.endpoint?.port).toBe(9);
    expect(client.snapshot(start + 10_000).packetsReceived).toBe(10_000);
    client.resetStats(start + 10_000);
    expect(client.snapshot(start + 10_000)).toMatchObject({ packetsReceived: 0, latencyMs: 20, ageMs: 0 });
  });

  it("may have no endpoint, and its slot is used again", () => {
    const clients = Array.from({ length: 100 }, () => new TunnelClient({ timeoutMs: 9_000 }));
    expect(clients.every(({ endpoint }) => endpoint === undefined)).toBe(true);
    clients.forEach((client, i) => client.received(i, 1));
    clients.forEach((client, i) => expect(client.snapshot(1).bytesReceived).toBe(i));
    for (const client of clients) client[Symbol.dispose]();
    expect(() => clients[0]!.received(1)).toThrow(TunnelClientError);
    using again = new TunnelClient({ timeoutMs: 9_000 });
    expect(again.snapshot(1).packetsReceived).toBe(0);
  });
});

describe("misuse", () => {
  it("is refused by name", () => {
    const wrong = [
      { capacity: 0 },
      { timeoutMs: 1 },
      { timeConstantMs: Number.NaN },
      { clientsPerPrefix: 1.5 },
      { weights: { age: Infinity } },
      { key: "string" as "u32" },
      { expiryQueue: 0 },
    ];
    for (const options of wrong) {
      const [name] = Object.keys(options);
      expect(() => TunnelClientTable.create({ capacity: 1, timeoutMs: 1_000, ...options })).toThrow(
        new RegExp(name!),
      );
    }
    for (const handle of [{}, null, undefined, 7, { prefixes: undefined }] as never[]) {
      expect(() => TunnelClientTable.attach(handle)).toThrow(TunnelClientError);
    }
    using map = ShardedMap.create({ capacity: 1, key: "u32" });
    using record = ShardedMap.create({
      capacity: 1,
      key: "u32",
      record: { ...recordLayout("u32"), hash: 1 },
    });
    for (const other of [map, record]) {
      const handle = { clients: other.shared, prefixes: undefined };
      expect(() => TunnelClientTable.attach(handle)).toThrow(
        expect.objectContaining({ code: "ERR_REGION_LAYOUT" }),
      );
    }
    expect(() => TunnelClientTable.attach({ clients: 7, prefixes: undefined } as never)).toThrow(
      expect.objectContaining({ code: "ERR_REGION_HANDLE" }),
    );
    using client = new LoneClient({ key: "u32" });
    expect(() => client.table.rekey(client.handle, client.table.endpoint(client.slot))).toThrow(
      TunnelClientError,
    );
    expect(() => client.table.quality(client.slot)).toThrow(TunnelClientError);
  });
});
