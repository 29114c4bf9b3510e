import { parseEndpoint } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { openSystemCalls } from "../src/transport/linux/open-system-calls.ts";
import { MemoryNetwork, MemoryTransport } from "../src/transport/memory.ts";
import { priorityClassOf } from "../src/transport/transport-stats.ts";
import { numbered, untilReal } from "./conformance/adapter-under-test.ts";
import { udpPeer } from "./conformance/udp-peer.ts";
import { failing } from "./linux/failing-calls.ts";
import { linuxHere, openLinux } from "./linux/linux-adapter.ts";

/** What somebody may give for a class, and which one it is. */
const given: readonly (readonly [value: number, priorityClass: number])[] = [
  [0, 0],
  [-1, 0],
  [-Infinity, 0],
  [NaN, 0],
  ["2" as unknown as number, 2],
  [2.5, 2],
  [6, 6],
  [7, 7],
  [8, 7],
  [256, 7],
  [1_000, 7],
  [Infinity, 7],
];

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

describe("a priority class that is none", () => {
  it("stands for the nearest", () => {
    expect(given.map(([value]) => priorityClassOf(value))).toEqual(
      given.map(([, priorityClass]) => priorityClass),
    );
  });

  it("loses no datagram and no place in the queue: each is sent, or dropped and counted", () => {
    const network = new MemoryNetwork();
    const receiver = MemoryTransport.open(network, { host: "10.0.0.2" });
    const device = { bytesPerSecond: 8_000, sendBufferBytes: 8, queueDatagrams: 24 };
    const sender = MemoryTransport.open(network, { host: "10.0.0.1", ...device });
    let received = 0;
    receiver.onBatch = (batch) => (received += batch.count);
    let offered = 0;
    for (let round = 0; round < 5; round++) {
      for (const [value] of given.concat(given, given)) {
        sender.send(numbered(offered++), receiver.localEndpoint, value);
      }
      network.clock.drain();
      expect(sender.stats().queuedDatagrams).toBe(0);
    }
    const { sentDatagrams, drops, queueFullByClass } = sender.stats();
    expect(sentDatagrams + drops.queueFull!).toBe(offered);
    expect(received).toBe(sentDatagrams);
    expect(sum(queueFullByClass)).toBe(drops.queueFull);
    // Twelve of each round are the best class's, twelve more places are for the next.
    expect([queueFullByClass[0], queueFullByClass[7]! > 0]).toEqual([0, true]);
  });

  it.skipIf(!linuxHere)("is none better for having more bits than the linux transport keeps", async () => {
    const systemCalls = failing(await openSystemCalls());
    await using transport = await openLinux({ host: "0.0.0.0", queueDatagrams: 32, systemCalls });
    const peer = await udpPeer(transport, { host: "0.0.0.0", to: "127.0.0.1" });
    let endpoint: Endpoint | undefined;
    transport.onBatch = (batch) => (endpoint = batch.endpoint(0));
    peer.send(numbered(0));
    await untilReal(() => endpoint !== undefined, "the peer");
    // Three times EAGAIN for this one, so that all that come after it wait in the queue.
    transport.send(numbered(1), parseEndpoint(`127.66.3.11:${endpoint!.port}`), -1);
    for (let n = 0; n < 20; n++) {
      transport.send(numbered(n), endpoint!, 256);
      transport.send(numbered(n), endpoint!, -1);
    }
    transport.flush();
    await untilReal(
      () => transport.stats().sentDatagrams === 32,
      "the queue's",
      () => transport.stats(),
    );
    expect(transport.stats().queueFullByClass).toEqual([0, 0, 0, 0, 0, 0, 0, 9]);
    expect(transport.stats().drops).toEqual({ queueFull: 9 });
    await peer.close();
  });
});
