import { ManualClock } from "@udp-relay/clock";
import { SeededRandom } from "@udp-relay/quality-analyzer/simulation";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { describe, expect, it } from "vitest";
import { RelayEndpoint } from "../src/compose/relay-endpoint.ts";
import { MemoryNetwork, MemoryTransport } from "../src/transport/memory.ts";

const CLIENTS = 40;
const GOOD = 20;
const BYTES = 500;
const PER_SECOND = 50;
const SECONDS = 20;

describe("a relay on an overloaded link", () => {
  it("lets measured quality decide who is served: good clients keep >= 95 %, bad ones pay", () => {
    const network = new MemoryNetwork({ link: { delayMs: 10 } });
    const clock = new ManualClock();
    const clients = TunnelClientTable.create({ capacity: CLIENTS, timeoutMs: 60_000, clock });
    // Each client's datagrams go to itself: 1 MB a second for a device that sends 600 kB.
    const transport = MemoryTransport.open(network, {
      host: "10.0.0.1",
      bytesPerSecond: 600_000,
      sendBufferBytes: 16_384,
      queueDatagrams: 128,
    });
    const relay = new RelayEndpoint({
      transport,
      clients,
      clock,
      sweepIntervalMs: 0,
      onDatagram: (datagram, endpoint) => void endpoint.forward(datagram, datagram.from),
    });
    const returned = new Array<number>(CLIENTS).fill(0);
    const sent = new Array<number>(CLIENTS).fill(0);
    let counting = false;
    const sockets = returned.map((_, index) => {
      const socket = MemoryTransport.open(network, { host: `10.0.1.${index + 1}`, port: 4_000 });
      socket.onBatch = (batch) => {
        if (counting) returned[index]! += batch.count;
      };
      return socket;
    });
    const random = new SeededRandom(3);
    const bytes = new Uint8Array(BYTES);
    for (let round = 0; round < SECONDS * PER_SECOND; round++) {
      for (const [index, socket] of sockets.entries()) {
        const atMs = (round + random.nextUnit()) * (1_000 / PER_SECOND);
        network.clock.schedule(atMs, () => {
          if (counting) sent[index]! += 1;
          socket.send(bytes, relay.localEndpoint);
        });
      }
    }
    // What the prober of a relay would find out, four times a second; the scores follow by themselves.
    const measure = (): void => {
      const guard = clients.enter();
      for (const [index, socket] of sockets.entries()) {
        const slot = clients.findEndpoint(socket.localEndpoint);
        if (slot < 0) continue;
        clients.setLatency(slot, index < GOOD ? 20 : 450);
        clients.setLossPerMille(slot, index < GOOD ? 0 : 700);
      }
      guard.leave();
    };
    for (let ms = 0; ms < SECONDS * 1_000; ms += 1) {
      clock.stall(1);
      network.clock.advance(1);
      if (ms % 250 === 0) {
        clock.update();
        measure();
      }
      // The first second is for getting to know each other.
      counting = ms >= 1_000;
    }
    network.clock.drain();

    const share = returned.map((count, index) => count / sent[index]!);
    expect(Math.min(...share.slice(0, GOOD))).toBeGreaterThanOrEqual(0.95);
    const bad = share.slice(GOOD).reduce((sum, one) => sum + one, 0) / (CLIENTS - GOOD);
    expect(bad).toBeGreaterThan(0.15);
    expect(bad).toBeLessThan(0.25);
    const { transport: counted, handled, forwarded, refused } = relay.stats();
    expect(refused).toEqual({});
    expect(handled).toBe(CLIENTS * SECONDS * PER_SECOND);
    // A datagram that was queued and had to go for a better one had been forwarded, and is counted by the queue.
    expect(counted.sentDatagrams + counted.drops.queueFull!).toBe(handled);
    expect(forwarded).toBeGreaterThanOrEqual(counted.sentDatagrams);
  });
});
