import { describe, expect, it } from "vitest";
import { MemoryNetwork } from "@udp-relay/adapters/memory";
import { v3, VirtualTunnel } from "./virtual-tunnel.ts";

const A = "198.51.100.1:1001";
const B = "198.51.100.2:1002";
const C = "198.51.100.3:1003";

describe("per-pair cap", () => {
  it("lets so many of one client to one other pass each second; other pairs are not touched", () => {
    const tunnel = new VirtualTunnel({ pairPacketsPerSecond: 50 });
    for (const [endpoint, id] of [
      [A, 1],
      [B, 2],
      [C, 3],
    ] as const)
      tunnel.send(endpoint, v3(id, 0));
    for (let i = 0; i < 80; i++) tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.drops).toEqual({ pairLimit: 30 });
    expect(tunnel.received(B).length).toBe(50);
    for (let i = 0; i < 50; i++) tunnel.send(B, v3(2, 1, 4));
    for (let i = 0; i < 50; i++) tunnel.send(A, v3(1, 3, 4));
    expect(tunnel.drops).toEqual({ pairLimit: 30 });
    tunnel.advance(100);
    for (let i = 0; i < 10; i++) tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.received(B).length).toBe(5);
  });
});

describe("THREATS 'relay loops'", () => {
  const host = (relay: number): string => `203.0.113.${relay}`;

  /**
   * Relays that are each other's clients by spoofed registrations: id 8 is at the relay before, id 7 at the one after,
   * so that a datagram from 8 to 7 goes round.
   */
  function ring(relays: number, peersAreKnown: boolean): { tunnels: VirtualTunnel[]; settle: () => number } {
    const network = new MemoryNetwork();
    const all = Array.from({ length: relays }, (_, i) => `${host(i + 1)}:50001`);
    const tunnels = all.map(
      (own, i) =>
        new VirtualTunnel({
          network,
          host: host(i + 1),
          pairPacketsPerSecond: 100,
          ...(peersAreKnown && { peerRelays: all.filter((other) => other !== own) }),
        }),
    );
    tunnels.forEach(({ transport }, i) => {
      tunnels.at(i - 1)!.transport.send(v3(8, 0), transport.localEndpoint);
      tunnels[(i + 1) % relays]!.transport.send(v3(7, 0), transport.localEndpoint);
    });
    network.clock.advance(10);
    const forwarded = (): number => tunnels.reduce((sum, tunnel) => sum + tunnel.forwarded, 0);
    return {
      tunnels,
      settle: () => {
        const before = forwarded();
        network.clock.advance(5_000);
        return forwarded() - before;
      },
    };
  }

  it.each([1, 2, 3, 4])("%i relays that know each other: a datagram makes at most 3 hops", (relays) => {
    const { tunnels, settle } = ring(relays, true);
    tunnels.forEach((tunnel, i) => {
      tunnel.send(`198.51.100.${i + 1}:5`, v3(8, 7, 4));
      tunnels.at(i - 1)!.transport.send(v3(8, 7, 4), tunnel.transport.localEndpoint);
      expect(settle()).toBeLessThanOrEqual(3);
      expect(settle()).toBe(0);
    });
    const refused = tunnels.reduce(
      (sum, { drops }) => sum + (drops["address:peer-relay"] ?? 0) + (drops["address:own-endpoint"] ?? 0),
      0,
    );
    expect(refused).toBe(3 * relays);
  });

  it.each([3, 4])("%i relays that nobody told of each other: the pair cap ends the loop", (relays) => {
    const { tunnels, settle } = ring(relays, false);
    tunnels.at(-1)!.transport.send(v3(8, 7, 4), tunnels[0]!.transport.localEndpoint);
    const hops = settle();
    // It did go round; after one second's worth in each relay it met an empty bucket and was gone.
    expect(hops).toBe(100 * relays);
    expect(settle()).toBe(0);
  });
});
