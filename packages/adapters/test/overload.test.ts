import { formatEndpoint, parseEndpoint } from "@udp-relay/address-validation";
import { SeededRandom } from "@udp-relay/quality-analyzer/simulation";
import { describe, expect, it } from "vitest";
import { MemoryNetwork, MemoryTransport } from "../src/transport/memory.ts";

/** Offered: 40 clients x 50 datagrams/s x 500 bytes = 1 MB/s, over a device that sends 600 kB/s. */
const CLIENTS = 40;
const GOOD = 20;
const BYTES = 500;
const OFFERED_PER_SECOND = 50;
const DEVICE_BYTES_PER_SECOND = 600_000;
const SECONDS = 20;

describe("an overloaded link", () => {
  it("serves clients of good priority at >= 95 %, and the bad ones pay", () => {
    const { delivered, offered, stats } = overload((client) => (client < GOOD ? 1 : 6));
    for (let client = 0; client < GOOD; client++)
      expect(delivered[client]! / offered).toBeGreaterThanOrEqual(0.95);
    const bad = delivered.slice(GOOD).reduce((sum, n) => sum + n, 0) / ((CLIENTS - GOOD) * offered);
    // 600 of 1,000 kB fit; the good half takes 500, which leaves a fifth of the bad half's.
    expect(bad).toBeGreaterThan(0.15);
    expect(bad).toBeLessThan(0.25);
    expect(stats.queueFullByClass[1]).toBe(0);
    expect(stats.queueFullByClass[6]).toBe(stats.drops.queueFull);
    const total = delivered.reduce((sum, n) => sum + n, 0);
    expect(total + stats.drops.queueFull!).toBe(CLIENTS * offered);
  });

  it("serves nobody well where all are of one class, which is why classes exist", () => {
    const { delivered, offered } = overload(() => 3);
    const best = Math.max(...delivered) / offered;
    const all = delivered.reduce((sum, n) => sum + n, 0) / (CLIENTS * offered);
    expect(all).toBeGreaterThan(0.55);
    expect(all).toBeLessThan(0.65);
    expect(best).toBeLessThan(0.7);
  });
});

function overload(classOf: (client: number) => number): {
  delivered: number[];
  offered: number;
  stats: ReturnType<MemoryTransport["stats"]>;
} {
  const network = new MemoryNetwork({ link: { delayMs: 20 } });
  const relay = MemoryTransport.open(network, {
    host: "10.0.0.1",
    port: 50_000,
    bytesPerSecond: DEVICE_BYTES_PER_SECOND,
    sendBufferBytes: 16_384,
    queueDatagrams: 128,
  });
  const delivered = new Array<number>(CLIENTS).fill(0);
  const clients = delivered.map((_, client) => {
    const socket = MemoryTransport.open(network, { host: `10.0.1.${client + 1}`, port: 4_000 });
    socket.onBatch = (batch) => {
      delivered[client]! += batch.count;
    };
    return socket;
  });
  expect(clients.map((client) => formatEndpoint(client.localEndpoint))[39]).toBe("10.0.1.40:4000");
  const endpoints = clients.map((client) => parseEndpoint(formatEndpoint(client.localEndpoint)));
  const offered = SECONDS * OFFERED_PER_SECOND;
  const bytes = new Uint8Array(BYTES);
  const { clock } = network;
  const random = new SeededRandom(7);
  for (let round = 0; round < offered; round++) {
    for (const [client, endpoint] of endpoints.entries()) {
      // At random within the round: arrivals in a fixed order would find the queue full for the same clients each time.
      const atMs = (round + random.nextUnit()) * (1_000 / OFFERED_PER_SECOND);
      clock.schedule(atMs, () => void relay.send(bytes, endpoint, classOf(client)));
    }
  }
  clock.drain();
  return { delivered, offered, stats: relay.stats() };
}
