import { describe, expect, it } from "vitest";
import { MemoryNetwork } from "../src/transport/memory.ts";
import { MemoryTransport } from "../src/transport/memory.ts";
import { numbered, pattern } from "./conformance/adapter-under-test.ts";
import { nativeAdapter as adapter } from "./conformance/native-adapter.ts";

describe("a receive buffer that overruns", () => {
  it.skipIf(process.platform !== "linux")(
    "loses what the kernel counts: sent = received + drops",
    async () => {
      await using transport = await adapter.open({ receiveBufferBytes: 16_384 });
      const peer = await adapter.peer(transport);
      let received = 0;
      transport.onBatch = (batch) => {
        received += batch.count;
      };
      expect(transport.stats().receiveBufferBytes).toBe(32_768);
      // This thread is both sender and receiver: nothing is read before the burst is over.
      const sent = 3_000;
      for (let n = 0; n < sent; n++) peer.send(pattern(128, n));
      await adapter.until(
        () => {
          const { drops } = transport.stats();
          return received + (drops.kernelReceive ?? 0) === sent;
        },
        "every datagram received or dropped",
        () => transport.stats(),
      );
      const stats = transport.stats();
      expect(stats.kernelDropsKnown).toBe(true);
      expect(stats.receivedDatagrams).toBe(received);
      expect(stats.drops).toEqual({ kernelReceive: sent - received });
      expect(stats.drops.kernelReceive).toBeGreaterThan(2_000);
      await transport.close();
      expect(transport.stats().drops).toEqual({ kernelReceive: sent - received });
      await peer.close();
    },
  );

  it("is the same in memory, and tells how long the rest waited", () => {
    const network = new MemoryNetwork();
    const receiver = MemoryTransport.open(network, { host: "10.0.0.1", receiveBufferBytes: 8 * 100 });
    const sender = MemoryTransport.open(network, { host: "10.0.0.2" });
    const waited: number[] = [];
    receiver.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) waited.push(batch.waitedMicros(i));
    };
    receiver.stall(50);
    for (let n = 0; n < 150; n++) sender.send(numbered(n), receiver.localEndpoint);
    network.clock.advance(49);
    expect(waited.length).toBe(0);
    network.clock.advance(1);
    expect(waited).toEqual(new Array(100).fill(50_000));
    expect(receiver.stats()).toMatchObject({
      receivedDatagrams: 100,
      receivedBatches: 2,
      drops: { kernelReceive: 50 },
    });
    expect(network.stats()).toEqual({
      sent: 150,
      arrived: 150,
      lost: 0,
      duplicated: 0,
      unrouted: 0,
      inFlight: 0,
    });
  });
});
