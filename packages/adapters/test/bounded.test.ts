import { describe, expect, it } from "vitest";
import type { TransportErrorContext } from "../src/transport/datagram-transport.ts";
import { DropReason } from "../src/transport/drop-reason.ts";
import { MemoryNetwork, MemoryTransport } from "../src/transport/memory.ts";
import { numbered } from "./conformance/adapter-under-test.ts";

const MIB = 1 << 20;

describe("what an overloaded or broken program costs", () => {
  it("a device that takes nothing: the queue is full, memory stays, each datagram is counted", () => {
    const network = new MemoryNetwork();
    const transport = MemoryTransport.open(network, { host: "10.0.0.1", failSend: () => "EAGAIN" });
    const peer = MemoryTransport.open(network, { host: "10.0.0.2" });
    const bytes = new Uint8Array(1_400);
    const offer = (count: number): void => {
      for (let n = 0; n < count; n++) transport.send(bytes, peer.localEndpoint, n & 7);
    };
    offer(10_000);
    const growths = Array.from({ length: 9 }, () => {
      const before = process.memoryUsage().rss;
      offer(40_000);
      return process.memoryUsage().rss - before;
    });
    // 53 MiB each, were they kept. The middle one: the engine sizes its young generation in steps, when it likes.
    expect(growths.sort((a, b) => a - b)[4]).toBeLessThan(4 * MIB);
    const stats = transport.stats();
    expect(stats.sentDatagrams).toBe(0);
    expect(stats.queuedDatagrams).toBe(1_024);
    expect(stats.drops).toEqual({ queueFull: 370_000 - 1_024 });
    // By now the queue holds the best class only, and all others paid in full.
    expect(stats.queueFullByClass.slice(1)).toEqual(new Array(7).fill(370_000 / 8));
    expect(transport.send(bytes, peer.localEndpoint, 0)).toBe(DropReason.queueFull);
  });

  it("100,000 throws of a callback: counted, reported once, nobody else notices", () => {
    const network = new MemoryNetwork();
    const reports: TransportErrorContext[] = [];
    const broken = MemoryTransport.open(network, {
      host: "10.0.0.1",
      onError: (_error, context) => reports.push(context),
      onBatch: () => {
        throw new Error("a user's mistake");
      },
    });
    let healthy = 0;
    const other = MemoryTransport.open(network, {
      host: "10.0.0.3",
      onBatch: (batch) => (healthy += batch.count),
    });
    const peer = MemoryTransport.open(network, { host: "10.0.0.2" });
    const bytes = numbered(1);
    for (let n = 0; n < 100_000; n++) {
      peer.send(bytes, broken.localEndpoint);
      peer.send(bytes, other.localEndpoint);
      network.clock.advance(1);
    }
    expect(broken.stats()).toMatchObject({ receivedDatagrams: 100_000, callbackThrows: 100_000, drops: {} });
    expect(healthy).toBe(100_000);
    // The burst lasts as long as the throws do; a second without one would end it.
    expect(reports.map(({ suppressed }) => suppressed)).toEqual([0]);
    network.clock.advance(1_000);
    peer.send(bytes, broken.localEndpoint);
    network.clock.advance(1);
    expect(reports.map(({ suppressed }) => suppressed)).toEqual([0, 99_999]);
  });
});
