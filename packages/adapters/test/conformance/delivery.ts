import { endpointsEqual } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { numbered, numberOf, pattern } from "./adapter-under-test.ts";
import type { AdapterUnderTest } from "./adapter-under-test.ts";

export function delivery(adapter: AdapterUnderTest): void {
  describe("delivery", () => {
    it("hands over bytes and sender, and sends them back, unchanged and in order", async () => {
      await using transport = await adapter.open();
      const peer = await adapter.peer(transport);
      const senders: Endpoint[] = [];
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) {
          senders.push(batch.endpoint(i));
          expect(transport.forward(batch, i, batch.endpoint(i))).toBe(0);
        }
      };
      const count = 500;
      for (let n = 0; n < count; n++) peer.send(numbered(n));
      await adapter.until(
        () => peer.received.length === count,
        "500 echoes",
        () => transport.stats(),
      );
      expect(peer.received.map(numberOf)).toEqual(Array.from({ length: count }, (_, n) => n));
      expect(senders.every((sender) => endpointsEqual(sender, senders[0]!))).toBe(true);
      const stats = transport.stats();
      expect(stats.receivedDatagrams).toBe(count);
      expect(stats.receivedBytes).toBe(8 * count);
      expect(stats.sentDatagrams).toBe(count);
      expect(stats.sentBytes).toBe(8 * count);
      expect(stats.drops).toEqual({});
      await peer.close();
    });

    it("describes each datagram alike through every accessor", async () => {
      await using transport = await adapter.open();
      const peer = await adapter.peer(transport);
      let seen = 0;
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) {
          const bytes = batch.bytes(i);
          const slab = batch.slab(i).subarray(batch.offset(i), batch.offset(i) + batch.length(i));
          const endpoint = batch.endpoint(i);
          expect([...slab]).toEqual([...bytes]);
          expect([batch.a0(i), batch.a1(i), batch.a2(i), batch.a3(i), batch.port(i), batch.zone(i)]).toEqual([
            endpoint.a0,
            endpoint.a1,
            endpoint.a2,
            endpoint.a3,
            endpoint.port,
            endpoint.zone,
          ]);
          expect(batch.waitedMicros(i)).toBeGreaterThanOrEqual(0);
          seen += 1;
        }
      };
      for (let n = 0; n < 20; n++) peer.send(pattern(n));
      await adapter.until(() => seen === 20, "20 datagrams");
      expect(transport.stats().drops).toEqual({});
      await peer.close();
    });

    it("tells peers apart, and sends from outside a batch after a flush", async () => {
      await using transport = await adapter.open();
      const peers = await Promise.all(Array.from({ length: 8 }, () => adapter.peer(transport)));
      const endpoints: Endpoint[] = [];
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) endpoints[batch.bytes(i)[0]!] = batch.endpoint(i);
      };
      for (const [n, peer] of peers.entries()) peer.send(new Uint8Array([n]));
      await adapter.until(() => endpoints.filter(Boolean).length === 8, "8 peers");
      for (const [n, endpoint] of endpoints.entries()) transport.send(new Uint8Array([100 + n]), endpoint);
      transport.flush();
      await adapter.until(() => peers.every((peer) => peer.received.length === 1), "8 answers");
      expect(peers.map((peer) => peer.received[0]![0])).toEqual([100, 101, 102, 103, 104, 105, 106, 107]);
      await Promise.all(peers.map((peer) => peer.close()));
    });

    it("has copied the bytes when send returns", async () => {
      await using transport = await adapter.open();
      const peer = await adapter.peer(transport);
      let endpoint: Endpoint | undefined;
      transport.onBatch = (batch) => {
        endpoint = batch.endpoint(0);
      };
      peer.send(numbered(0));
      await adapter.until(() => endpoint !== undefined, "the peer");
      const reused = new Uint8Array(8);
      for (let n = 0; n < 50; n++) {
        reused.set(numbered(n));
        expect(transport.send(reused, endpoint!)).toBe(0);
        reused.fill(0xff);
      }
      transport.flush();
      await adapter.until(() => peer.received.length === 50, "50 datagrams");
      expect(peer.received.map(numberOf)).toEqual(Array.from({ length: 50 }, (_, n) => n));
      await peer.close();
    });
  });
}
