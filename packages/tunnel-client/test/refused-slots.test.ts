/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { JOIN_FULL, JOIN_GONE, TunnelClientTable } from "../src/index.ts";

const endpoint = parseEndpoint("192.0.2.1:5000");
const rinfo = (host: number) => ({ address: `192.0.2.${host}`, port: 5_000 });

/** All that a wrong slot could hit. */
const imageOf = (clients: TunnelClientTable): Uint8Array =>
  new Uint8Array(clients.region.memory.buffer).slice();

describe("a slot that is none", () => {
  it.each(["u32", "endpoint"] as const)("is not written to, whatever is done with it (%s)", (key) => {
    using clients = TunnelClientTable.create({ capacity: 3, timeoutMs: 8_000, key, workers: 1, batch: 2 });
    using _guard = clients.enter();
    const slot = key === "u32" ? clients.join(1, endpoint, 5) : clients.joinEndpoint(endpoint, 5);
    clients.received(slot, 100, 5);
    clients.sent(slot, 100, 5);
    const before = imageOf(clients);
    const wrong = [-1, -2, -3, -4, -5, -6, -7, -8, 5, 6, 1e6, 2 ** 31, NaN, Infinity, undefined] as number[];
    for (const none of wrong) {
      clients.received(none, 1_000, 5);
      clients.sent(none, 1_000, 5);
      clients.setLatency(none, 1);
      clients.setLossPerMille(none, 1);
      clients.setJitter(none, 1);
      expect(clients.resetStats(none, 5)).toBe(false);
      expect(clients.priority(none, 5)).toBe(1_000);
      if (key === "u32") expect(clients.rebind(none, endpoint, 5)).toBe(JOIN_GONE);
    }
    expect(Buffer.compare(before, imageOf(clients))).toBe(0);
    expect(clients.snapshot(5)).toMatchObject([{ packetsReceived: 1, packetsSent: 1, latencyMs: undefined }]);
  });

  it("comes of a refused sender: a listener that does not look counts the refusal and nothing else", () => {
    using clients = TunnelClientTable.create({ capacity: 2, timeoutMs: 8_000, workers: 1, batch: 2 });
    for (let round = 0; round < 50; round++) {
      for (let host = 1; host <= 5; host++) {
        using _guard = clients.enter();
        const from = clients.fromRinfo(rinfo(host), 5 + round);
        clients.received(from, 100, 5 + round);
        // Whoever was sent something keeps his place: the table is full of the first two.
        clients.sent(from, 10, 5 + round);
        const handle = clients.handle(from);
        expect(clients.client(handle)?.packetsReceived).toBe(host <= 2 ? round + 1 : undefined);
        if (host > 2) expect(from).toBe(JOIN_FULL);
      }
    }
    expect(clients.stats().joinsRefused).toBe(150);
    expect(clients.snapshot(55).map(({ bytesReceived, bytesSent }) => [bytesReceived, bytesSent])).toEqual([
      [5_000, 500],
      [5_000, 500],
    ]);
    // The map around the records is whole: everybody leaves, and as many come.
    for (const { handle } of clients.snapshot(55)) expect(clients.remove(handle)).toBe(true);
    using _guard = clients.enter();
    const fresh = [6, 7, 8].map((host) => clients.fromRinfo(rinfo(host), 60));
    expect(fresh.filter((slot) => slot >= 0).length).toBeGreaterThanOrEqual(2);
    expect(clients.size).toBe(2);
  });
});
