import { describe, expect, it } from "vitest";
import { parseEndpoint } from "@udp-relay/address-validation";
import type { DatagramBatch } from "@udp-relay/adapters";
import type { Protocol } from "@udp-relay/relay";
import RoomsProtocol from "../examples/rooms-protocol.ts";
import { LONG_MS, times } from "./long-form.ts";
import { v3, VirtualTunnel } from "./virtual-tunnel.ts";

const A = "198.51.100.1:1001";
const B = "198.51.100.2:1002";
const C = "198.51.100.3:1003";

const bytesOf = (datagrams: readonly Uint8Array[]): number =>
  datagrams.reduce((sum, { length }) => sum + length, 0);

describe("THREATS 'spoofed source, reflection'", () => {
  it(
    "sends at most max(3 x its bytes, 4 KiB) to a client that has not answered, whoever asks for it",
    () => {
      const tunnel = new VirtualTunnel();
      // The victim never sent its registration: somebody else did, from its address.
      tunnel.send(B, v3(2, 0));
      const tries = times(20_000, 1_000_000);
      let reflected = 0;
      for (let i = 0; i < tries; i++) {
        tunnel.send(A, v3(1, 2, i % 1_200));
        if (i % 1_000 === 0) reflected += bytesOf(tunnel.received(B));
      }
      reflected += bytesOf(tunnel.received(B));
      expect(reflected).toBeLessThanOrEqual(4_096);
      expect(reflected).toBeGreaterThan(4_096 - 1_208);
      expect(tunnel.drops.unconfirmed).toBeGreaterThan(tries * 0.9);
    },
    LONG_MS,
  );

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
      tunnel.send(`198.51.100.${squat & 255}:${1 + (squat & 255)}`, v3(1_000_000 + squat, 0));
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
  it.each([
    ["an address", {}, (id: number) => `192.0.2.1:${id}`],
    [
      "an IPv6 /64",
      { host: "2001:db8:ffff::1" },
      (id: number) => `[2001:db8:1:2:${(id * 7_000).toString(16)}::${id}]:${id}`,
    ],
  ])("refuses the 9th of %s, and counts return to 0", (_, options, endpoint) => {
    const tunnel = new VirtualTunnel(options);
    for (let id = 1; id <= 9; id++) tunnel.send(endpoint(id), v3(id, 0));
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
    for (let round = 0; round < 20; round++) {
      tunnel.advance(30_000);
      tunnel.clients.sweep(tunnel.clock.update(), 1_000);
      expect(tunnel.clients.size).toBe(0);
      for (let id = 1; id <= 8; id++) tunnel.send(endpoint(id), v3(100 * round + id + 10, 0));
      expect(tunnel.clients.size).toBe(8);
    }
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
  });

  it("counts the whole address: neighbours have places of their own", () => {
    const tunnel = new VirtualTunnel();
    for (let id = 1; id <= 8; id++) tunnel.send(`192.0.2.1:${id}`, v3(id, 0));
    tunnel.send("192.0.2.2:1", v3(9, 0));
    tunnel.send("192.0.2.129:1", v3(10, 0));
    expect(tunnel.drops).toEqual({});
    const six = new VirtualTunnel({ host: "2001:db8:ffff::1" });
    for (let id = 1; id <= 8; id++) six.send(`[2001:db8:1:2::${id}]:1`, v3(id, 0));
    six.send("[2001:db8:1:3::1]:1", v3(9, 0));
    expect(six.drops).toEqual({});
  });

  const churn = times(10_000, 1_000_000);
  it(
    `counts return to 0 after ${churn} clients have come and gone, swept or pushed out`,
    () => {
      const tunnel = new VirtualTunnel({ maxClients: 200 });
      const addresses = 25;
      let id = 1;
      const fill = (): void => {
        for (let i = 0; i < 200; i++) tunnel.send(`192.0.2.${i % addresses}:${1 + i}`, v3(id++, 0));
      };
      for (let round = 0; id <= churn; round++) {
        fill();
        tunnel.advance(30_000);
        // Every other generation is still there, expired, when the next one comes.
        if (round % 2 === 0) tunnel.clients.sweep(tunnel.clock.update(), 1_000);
      }
      expect(tunnel.drops).toEqual({});
      tunnel.clients.sweep(tunnel.clock.update(), 1_000);
      expect(tunnel.clients.size).toBe(0);
      fill();
      expect(tunnel.clients.size).toBe(200);
      for (let i = 0; i < addresses; i++) tunnel.send(`192.0.2.${i}:9`, v3(id++, 0));
      expect(tunnel.drops).toEqual({ prefixFull: addresses });
    },
    LONG_MS,
  );
});

describe("THREATS 'port 0'", () => {
  it("of all 65,536 ports a source may have, 0 is refused and the others are answered", () => {
    const tunnel = new VirtualTunnel({ pingsPerMinute: 1_000_000 });
    const ping = v3(0, 0, 42);
    const { a0, a1, a2, a3 } = parseEndpoint(A);
    let port = 0;
    const batch: DatagramBatch = {
      count: 1,
      stable: true,
      bytes: () => ping,
      slab: () => ping,
      offset: () => 0,
      length: () => ping.length,
      endpoint: () => ({ a0, a1, a2, a3, port, zone: 0 }),
      a0: () => a0,
      a1: () => a1,
      a2: () => a2,
      a3: () => a3,
      port: () => port,
      zone: () => 0,
      waitedMicros: () => 0,
    };
    const answered: number[] = [];
    tunnel.transport.send = (bytes, endpoint) => {
      if (bytes.length !== 12) expect.unreachable(`an answer of ${bytes.length} bytes`);
      answered.push(endpoint.port);
      return 0;
    };
    for (; port < 65_536; port++) tunnel.transport.onBatch?.(batch);
    expect(answered).toEqual(Array.from({ length: 65_535 }, (_, i) => i + 1));
    expect(tunnel.drops).toEqual({ "address:port-zero": 1 });
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
  it(`${times(10_000, 100_000)} throws of a protocol: each datagram is dropped and counted, the others are relayed`, () => {
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
    const told: [string, string, number][] = [];
    const tunnel = new VirtualTunnel({
      protocol,
      onProtocolError: (error, during, suppressed) => told.push([String(error), during, suppressed]),
    });
    tunnel.send(B, v3(2, 0));
    const throws = times(10_000, 100_000);
    for (let i = 0; i < throws; i++) tunnel.send(A, v3(1, 2, 1));
    tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.drops).toEqual({ protocolThrew: throws });
    expect(tunnel.received(B).length).toBe(1);
    // Once a burst, which a second without a throw ends.
    expect(told).toEqual([["Error: no nines", "read", 0]]);
    tunnel.advance(1_000);
    tunnel.send(A, v3(1, 2, 1));
    expect(told.slice(1)).toEqual([["Error: no nines", "read", throws - 1]]);
  });

  it("a throw of measure measures nothing and is told once a burst; the datagram goes on", () => {
    const told: [string, number][] = [];
    const tunnel = new VirtualTunnel({
      protocol: Object.assign(new RoomsProtocol(), {
        measure: () => {
          throw new Error("no ruler");
        },
      }),
      onProtocolError: (_, during, suppressed) => told.push([during, suppressed]),
    });
    tunnel.send(B, Uint8Array.of(0, 2, 0, 0, 0, 0, 0));
    for (let i = 0; i < 100; i++) tunnel.send(A, Uint8Array.of(1, 1, 2, 0, i, 0, 0));
    expect(tunnel.received(B).length).toBe(100);
    expect(tunnel.drops).toEqual({});
    expect(told).toEqual([["measure", 0]]);
    tunnel.publishMeasurements();
    expect(tunnel.clients.snapshot().map(({ lossPerMille }) => lossPerMille)).toEqual([undefined, undefined]);
  });

  it("a protocol that says nothing, or gives a reason there is none: dropped as noVerdict, never by the last one's way", () => {
    const tunnel = new VirtualTunnel({
      protocol: {
        name: "absent-minded",
        read({ bytes, offset, length }, route) {
          if (length === 10) return;
          if (length === 11) route.drop("tired" as "tooShort");
          else if (bytes[offset + 4] === 0) route.register(bytes[offset]!);
          else route.forward(bytes[offset]!, bytes[offset + 4]!);
        },
      },
    });
    tunnel.send(B, v3(2, 0));
    for (const payload of [1, 2, 3, 2]) tunnel.send(A, v3(1, 2, payload));
    expect(tunnel.received(B)).toEqual([v3(1, 2, 1)]);
    expect(tunnel.drops).toEqual({ noVerdict: 3 });
    const { received, forwarded, consumed, dropped } = tunnel.accountedFor;
    expect([received, forwarded, consumed, dropped]).toEqual([5, 1, 1, 3]);
  });
});
