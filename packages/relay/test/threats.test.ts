import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { MemoryNetwork } from "@udp-relay/adapters/memory";
import type { Protocol } from "@udp-relay/relay";
import { v3, VirtualTunnel } from "./virtual-tunnel.ts";

const A = "198.51.100.1:1001";
const B = "198.51.100.2:1002";
const C = "198.51.100.3:1003";

const bytesOf = (datagrams: readonly Uint8Array[]): number =>
  datagrams.reduce((sum, { length }) => sum + length, 0);
const command = (code: number, password: string): Uint8Array =>
  v3(0, 0xffff_ffff, Buffer.concat([Buffer.of(code), createHash("sha1").update(password).digest()]));

describe("THREATS 'spoofed source, reflection'", () => {
  it("sends at most max(3 x its bytes, 4 KiB) to a client that has not answered, whoever asks for it", () => {
    const tunnel = new VirtualTunnel();
    // The victim never sent its registration: somebody else did, from its address.
    tunnel.send(B, v3(2, 0));
    const tries = process.env.UDP_RELAY_LONG === "1" ? 1_000_000 : 20_000;
    let reflected = 0;
    for (let i = 0; i < tries; i++) {
      tunnel.send(A, v3(1, 2, i % 1_200));
      if (i % 1_000 === 0) reflected += bytesOf(tunnel.received(B));
    }
    reflected += bytesOf(tunnel.received(B));
    expect(reflected).toBeLessThanOrEqual(4_096);
    expect(reflected).toBeGreaterThan(4_096 - 1_208);
    expect(tunnel.drops.unconfirmed).toBeGreaterThan(tries * 0.9);
  });

  it("gives more to who sent more, but not a byte above three times", () => {
    const tunnel = new VirtualTunnel();
    for (let i = 0; i < 10; i++) tunnel.send(B, v3(2, 0, 492));
    for (let i = 0; i < 1_000; i++) tunnel.send(A, v3(1, 2, 92));
    expect(bytesOf(tunnel.received(B))).toBe(15_000);
  });

  it("a legal receiver, registered with 8 bytes, loses nothing", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(B, v3(2, 0));
    for (let i = 0; i < 500; i++) {
      tunnel.send(A, v3(1, 2, 1_200));
      // Games answer each other; a keep-alive every third datagram is enough.
      if (i % 3 === 0) tunnel.send(B, v3(2, 0));
    }
    expect(tunnel.received(B).length).toBe(500);
    expect(tunnel.drops).toEqual({});
  });

  it("an id that moved to another endpoint starts anew", () => {
    const tunnel = new VirtualTunnel();
    for (let i = 0; i < 100; i++) tunnel.send(B, v3(2, 0, 1_000));
    tunnel.send(A, v3(1, 2, 4));
    tunnel.send(B, v3(2, 0));
    tunnel.advance(30_000);
    tunnel.send(C, v3(2, 0));
    for (let i = 0; i < 100; i++) tunnel.send(A, v3(1, 2, 1_000));
    expect(bytesOf(tunnel.received(C))).toBe(4 * 1_008);
  });

  it("answers a ping of 50 bytes with 12", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(0, 0, 42));
    expect(bytesOf(tunnel.received(A))).toBe(12);
  });
});

describe("THREATS 'id squatting, exhaustion'", () => {
  it("10,000 squatting ids: 200 live clients lose nothing", () => {
    const tunnel = new VirtualTunnel({ clientsPerPrefix: 10_000 });
    const endpoint = (id: number): string => `192.0.2.${id}:${id}`;
    const partner = (id: number): number => ((id - 1) ^ 1) + 1;
    for (let id = 1; id <= 200; id++) tunnel.send(endpoint(id), v3(id, 0));
    for (let id = 1; id <= 200; id++) tunnel.send(endpoint(id), v3(id, partner(id), 4));
    for (let id = 1; id <= 200; id++) tunnel.received(endpoint(id));
    for (let squat = 0; squat < 10_000; squat++) {
      tunnel.send(`198.51.100.${squat & 255}:${squat}`, v3(1_000_000 + squat, 0));
    }
    expect(tunnel.clients.size).toBe(200);
    for (let id = 1; id <= 200; id++) tunnel.send(endpoint(id), v3(id, partner(id), 4));
    let received = 0;
    for (let id = 1; id <= 200; id++) received += tunnel.received(endpoint(id)).length;
    expect(received).toBe(200);
    expect(tunnel.drops).toEqual({ tableFull: 10_000 });
  });

  it("unpaired clients make room in a full table: squatters first", () => {
    const tunnel = new VirtualTunnel({ clientsPerPrefix: 10_000 });
    for (let squat = 0; squat < 200; squat++) {
      tunnel.send(`198.51.100.${squat & 255}:${squat + 1}`, v3(1_000_000 + squat, 0));
    }
    tunnel.send(A, v3(1, 0));
    tunnel.send(B, v3(2, 0));
    expect(tunnel.clients.size).toBe(200);
    tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.received(B).length).toBe(1);
  });
});

describe("THREATS 'per-IP limit'", () => {
  it("refuses the 9th of an address or an IPv6 /64, and counts return to 0", () => {
    const tunnel = new VirtualTunnel();
    for (let id = 1; id <= 9; id++) tunnel.send(`192.0.2.1:${id}`, v3(id, 0));
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
    for (let round = 0; round < 20; round++) {
      tunnel.advance(30_000);
      tunnel.clients.sweep(tunnel.clock.update(), 1_000);
      expect(tunnel.clients.size).toBe(0);
      for (let id = 1; id <= 8; id++) tunnel.send(`192.0.2.1:${id}`, v3(100 * round + id + 10, 0));
      expect(tunnel.clients.size).toBe(8);
    }
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
  });
});

describe("THREATS 'maintenance password'", () => {
  it("takes none while none is configured", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, command(0, ""));
    expect(tunnel.drops).toEqual({ commandRefused: 1 });
  });

  it("1e6 wrong guesses: the operator still gets in", () => {
    const tunnel = new VirtualTunnel({ maintenancePassword: "päss" });
    const tries = process.env.UDP_RELAY_LONG === "1" ? 1_000_000 : 50_000;
    const wrong = command(0, "test123456");
    for (let i = 0; i < tries; i++) tunnel.send(B, wrong);
    expect(tunnel.drops).toEqual({ commandRefused: tries });
    tunnel.send(A, command(0, "päss"));
    expect(tunnel.maintenance).toBe(true);
    expect(tunnel.received(A)).toEqual([]);
  });

  it("one success a minute: 0 toggles maintenance, 1 asks for a sweep, anything else spends nothing", () => {
    const tunnel = new VirtualTunnel({ maintenancePassword: "secret" });
    tunnel.send(A, command(2, "secret"));
    tunnel.send(A, command(0, "secret"));
    tunnel.send(A, command(0, "secret"));
    expect(tunnel.maintenance).toBe(true);
    expect(tunnel.drops).toEqual({ commandRefused: 2 });
    tunnel.advance(60_000);
    tunnel.send(A, command(1, "secret"));
    expect(tunnel.memory.control.sweepRequests).toBe(1);
    tunnel.advance(59_999);
    tunnel.send(A, command(0, "secret"));
    expect(tunnel.maintenance).toBe(true);
    tunnel.advance(1);
    tunnel.send(A, command(0, "secret"));
    expect(tunnel.maintenance).toBe(false);
  });

  it("reads no byte beyond a command of 29 bytes, and takes a longer one", () => {
    const tunnel = new VirtualTunnel({ maintenancePassword: "secret" });
    tunnel.send(A, command(0, "secret").subarray(0, 28));
    expect(tunnel.drops).toEqual({ badCommand: 1 });
    tunnel.send(A, Buffer.concat([command(0, "secret"), Buffer.alloc(7)]));
    expect(tunnel.maintenance).toBe(true);
  });
});

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

describe("THREATS 'sizes'", () => {
  it("0..2048 and 65,507: too small, too large or whole, never cut", () => {
    const tunnel = new VirtualTunnel({ transport: { maxDatagramBytes: 1_024 } });
    tunnel.send(B, v3(2, 0));
    let whole = 0;
    for (const length of [...Array.from({ length: 2_049 }, (_, i) => i), 65_507]) {
      const datagram = length < 8 ? new Uint8Array(length) : v3(1, 2, length - 8);
      tunnel.send(A, datagram);
      tunnel.send(B, v3(2, 0));
      const got = tunnel.received(B);
      if (got.length === 0) continue;
      whole++;
      expect(got).toEqual([datagram]);
    }
    expect(whole).toBe(1_024 - 7);
    expect(tunnel.drops).toEqual({ tooShort: 8 });
    expect(tunnel.transport.stats().drops.truncated).toBe(2_049 - 1_025 + 1);
  });
});

describe("THREATS 'a user's callback throws'", () => {
  it("1e5 throws of a protocol: each datagram is dropped and counted, the others are relayed", () => {
    const protocol: Protocol = {
      name: "moody",
      read(datagram, route) {
        if (datagram.length === 9) throw new Error("no nines");
        const sender = datagram.bytes[datagram.offset]!;
        const receiver = datagram.bytes[datagram.offset + 4]!;
        if (receiver === 0) route.register(sender);
        else route.forward(sender, receiver);
      },
    };
    const tunnel = new VirtualTunnel({ protocol });
    tunnel.send(B, v3(2, 0));
    const throws = process.env.UDP_RELAY_LONG === "1" ? 100_000 : 10_000;
    for (let i = 0; i < throws; i++) tunnel.send(A, v3(1, 2, 1));
    tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.drops).toEqual({ protocolThrew: throws });
    expect(tunnel.received(B).length).toBe(1);
  });
});
