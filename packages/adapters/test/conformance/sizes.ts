import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { DropReason } from "../../src/transport/drop-reason.ts";
import { pattern } from "./adapter-under-test.ts";
import type { AdapterUnderTest } from "./adapter-under-test.ts";

/** 65535 - 20 - 8: the largest UDP payload over IPv4. */
const LARGEST = 65_507;

export function sizes(adapter: AdapterUnderTest): void {
  describe("sizes", () => {
    it("carries every size of 0..1472", async () => {
      await using transport = await adapter.open();
      const peer = await adapter.peer(transport);
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) transport.forward(batch, i, batch.endpoint(i));
      };
      for (let from = 0; from <= 1_472; from += 64) {
        const to = Math.min(from + 64, 1_473);
        for (let length = from; length < to; length++) peer.send(pattern(length));
        await adapter.until(
          () => peer.received.length === to,
          `${to} echoes`,
          () => [peer.received.length, transport.stats()],
        );
      }
      expect(peer.received.map((bytes) => bytes.length)).toEqual(Array.from({ length: 1_473 }, (_, n) => n));
      for (const [length, bytes] of peer.received.entries()) {
        expect(Buffer.compare(bytes, pattern(length))).toBe(0);
      }
      expect(transport.stats().drops).toEqual({});
      await peer.close();
    });

    it("carries 65,507 bytes where the slots are that large", async () => {
      await using transport = await adapter.open({ maxDatagramBytes: LARGEST, queueDatagrams: 4 });
      const peer = await adapter.peer(transport);
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) transport.forward(batch, i, batch.endpoint(i));
      };
      const bytes = pattern(LARGEST);
      peer.send(bytes);
      await adapter.until(
        () => peer.received.length === 1,
        "the echo",
        () => transport.stats(),
      );
      expect(Buffer.compare(peer.received[0]!, bytes)).toBe(0);
      await peer.close();
    });

    it("drops and counts what is larger than a slot, and never hands it over cut", async () => {
      await using transport = await adapter.open({ maxDatagramBytes: 100 });
      const peer = await adapter.peer(transport);
      const lengths: number[] = [];
      let endpoint: Endpoint | undefined;
      transport.onBatch = (batch) => {
        for (let i = 0; i < batch.count; i++) {
          lengths.push(batch.length(i));
          endpoint = batch.endpoint(i);
        }
      };
      for (const length of [100, 101, 99, 1_472, LARGEST, 0]) peer.send(pattern(length));
      await adapter.until(
        () => lengths.length === 3 && transport.stats().drops.truncated === 3,
        "6 datagrams",
      );
      expect(lengths).toEqual([100, 99, 0]);
      expect(transport.send(pattern(101), endpoint!)).toBe(DropReason.tooLarge);
      expect(transport.send(pattern(100), endpoint!)).toBe(0);
      transport.flush();
      await adapter.until(() => peer.received.length === 1, "one datagram");
      expect(transport.stats().drops).toEqual({ truncated: 3, tooLarge: 1 });
      await peer.close();
    });
  });
}
