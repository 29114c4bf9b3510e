import { describe, expect, it } from "vitest";
import { CncnetV3 } from "@udp-relay/relay";
import { v3, VirtualTunnel } from "./virtual-tunnel.ts";

const A = "198.51.100.1:1001";
const B = "198.51.100.2:1002";
const C = "198.51.100.3:1003";

describe("V3 header: sender u32 LE, receiver u32 LE, at least 8 bytes", () => {
  it("drops every datagram that is shorter", () => {
    const tunnel = new VirtualTunnel();
    for (let length = 0; length < 8; length++) tunnel.send(A, new Uint8Array(length).fill(1));
    expect(tunnel.drops).toEqual({ tooShort: 8 });
    expect(tunnel.clients.size).toBe(0);
  });

  it("forwards verbatim, header included", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(B, v3(2, 0));
    const datagram = v3(1, 2, Uint8Array.of(9, 8, 7));
    tunnel.send(A, datagram);
    expect(tunnel.received(B)).toEqual([datagram]);
    expect(tunnel.received(A)).toEqual([]);
  });
});

describe("V3 rule 1: sender 0 is a command with receiver 0xFFFFFFFF and >= 29 bytes, any other receiver is dropped", () => {
  it("drops sender 0 with an ordinary receiver, and commands that are too short", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(B, v3(2, 0));
    tunnel.send(A, v3(0, 2, 20));
    tunnel.send(A, v3(0, 0xffffffff, 20));
    expect(tunnel.drops).toEqual({ badCommand: 2 });
    expect(tunnel.received(B)).toEqual([]);
  });

  it("refuses every command while no password is configured, without a reply", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(0, 0xffffffff, 21));
    expect(tunnel.drops).toEqual({ commandRefused: 1 });
    expect(tunnel.maintenance).toBe(false);
    expect(tunnel.received(A)).toEqual([]);
  });
});

describe("V3 rule 2: sender == receiver != 0, or a bad source", () => {
  it("drops a datagram to oneself", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 1, 4));
    expect(tunnel.drops).toEqual({ selfAddressed: 1 });
    expect(tunnel.clients.size).toBe(0);
  });

  const embedded = [
    "::ffff:7f00:1",
    "::7f00:1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "::ffff:a00:1",
    "fe80::1",
  ];
  it.each([
    ...["127.0.0.1:5", "10.0.0.1:5", "169.254.0.1:5", "100.64.0.1:5", "[::1]:5", "[fd00::1]:5"],
    ...embedded.map((address) => `[${address}]:5`),
  ])("drops what comes from %s", (source) => {
    const tunnel = new VirtualTunnel(source.startsWith("[") ? { host: "2001:db8::1" } : {});
    tunnel.send(source, v3(1, 0));
    tunnel.send(source, v3(0, 0, 42));
    const [[reason, n] = ["", 0]] = Object.entries(tunnel.drops);
    expect(reason).toMatch(/^address:/);
    expect(n).toBe(2);
    expect(tunnel.received(source)).toEqual([]);
    expect(tunnel.clients.size).toBe(0);
  });
});

describe("V3 rule 3: 0,0 is a ping of exactly 50 bytes, answered with its first 12", () => {
  it("answers 50 bytes with the first 12", () => {
    const tunnel = new VirtualTunnel();
    const ping = v3(
      0,
      0,
      Uint8Array.from({ length: 42 }, (_, i) => i),
    );
    tunnel.send(A, ping);
    expect(tunnel.received(A)).toEqual([ping.slice(0, 12)]);
    expect(tunnel.clients.size).toBe(0);
  });

  it("drops every other length", () => {
    const tunnel = new VirtualTunnel();
    for (const payload of [0, 4, 41, 43, 200]) tunnel.send(A, v3(0, 0, payload));
    expect(tunnel.drops).toEqual({ badPing: 5 });
    expect(tunnel.received(A)).toEqual([]);
  });

  it("gives nobody an answer to an answer, nor registers who pings", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(0, 0, 42));
    const [pong] = tunnel.received(A);
    tunnel.send(B, pong!);
    expect(tunnel.drops).toEqual({ badPing: 1 });
    expect(tunnel.received(B)).toEqual([]);
    expect(tunnel.clients.size).toBe(0);
  });

  it("answers 20 an address and minute, whatever its port", () => {
    const tunnel = new VirtualTunnel();
    for (let i = 0; i < 15; i++) tunnel.send("198.51.100.1:1", v3(0, 0, 42));
    for (let i = 0; i < 15; i++) tunnel.send("198.51.100.1:2", v3(0, 0, 42));
    expect(tunnel.received("198.51.100.1:1").length + tunnel.received("198.51.100.1:2").length).toBe(20);
    expect(tunnel.drops).toEqual({ pingLimit: 10 });
  });
});

describe("V3 rule 4: a known sender from its endpoint is refreshed and counted", () => {
  it("keeps a client that sends, and counts each packet, the first one too", () => {
    const tunnel = new VirtualTunnel();
    for (let i = 0; i < 4; i++) {
      tunnel.send(A, v3(1, 0, i));
      tunnel.advance(20_000);
    }
    const [client] = tunnel.clients.snapshot();
    expect(client).toMatchObject({ id: 1, packetsReceived: 4, bytesReceived: 8 + 9 + 10 + 11 });
  });

  it("refreshes by each datagram, by one that is for nobody, too; by none that is a ping or not its own", () => {
    const tunnel = new VirtualTunnel();
    const idleMs = (): number => tunnel.clients.snapshot(tunnel.clock.update())[0]!.idleMs;
    tunnel.send(A, v3(1, 0));
    for (const datagram of [v3(1, 0), v3(1, 9, 4)]) {
      tunnel.advance(29_000);
      expect(idleMs()).toBe(29_000);
      tunnel.send(A, datagram);
      expect(idleMs()).toBe(0);
    }
    tunnel.advance(20_000);
    tunnel.send(A, v3(0, 0, 42));
    tunnel.send(A, v3(1, 1, 4));
    tunnel.send(B, v3(1, 0));
    expect(idleMs()).toBe(20_000);
    expect(tunnel.drops).toEqual({ unknownReceiver: 1, selfAddressed: 1, idTaken: 1 });
    expect(tunnel.clients.snapshot()).toMatchObject([{ packetsReceived: 3 }]);
  });

  it("is from its endpoint by address and port: another port of the same address is another endpoint", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 0));
    tunnel.advance(29_999);
    tunnel.send("198.51.100.1:1002", v3(1, 0));
    expect(tunnel.drops).toEqual({ idTaken: 1 });
    tunnel.advance(1);
    tunnel.send("198.51.100.1:1002", v3(1, 0));
    expect(tunnel.drops).toEqual({ idTaken: 1 });
    expect(tunnel.clients.size).toBe(1);
  });
});

describe("V3 rule 5: another endpoint takes an id over only after the timeout, out of maintenance, under its limit", () => {
  it("refuses at 29.999 s without refreshing, and takes over at 30.000 s", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 0));
    tunnel.send(C, v3(3, 0));
    tunnel.advance(29_999);
    tunnel.send(C, v3(3, 0));
    tunnel.send(B, v3(1, 0));
    expect(tunnel.drops).toEqual({ idTaken: 1 });
    tunnel.advance(1);
    tunnel.send(B, v3(1, 0));
    expect(tunnel.drops).toEqual({ idTaken: 1 });
    tunnel.send(C, v3(3, 1, 4));
    expect(tunnel.received(B).length).toBe(1);
    expect(tunnel.received(A)).toEqual([]);
  });

  it("moves the id's place from the old address to the new one, each under its own limit", () => {
    const tunnel = new VirtualTunnel({ clientsPerPrefix: 1 });
    tunnel.send(A, v3(1, 0));
    tunnel.advance(30_000);
    tunnel.send(B, v3(1, 0));
    tunnel.send(B, v3(2, 0));
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
    tunnel.send(A, v3(3, 0));
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
    expect(tunnel.clients.size).toBe(2);
  });

  it("refuses 100,000 tries on a live id", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 0));
    for (let i = 0; i < 100_000; i++) tunnel.send(B, v3(1, 0));
    expect(tunnel.drops).toEqual({ idTaken: 100_000 });
    expect(tunnel.clients.snapshot()[0]).toMatchObject({ packetsReceived: 1 });
  });

  it("refuses in maintenance, and where the new address is at its limit", () => {
    const tunnel = new VirtualTunnel({ clientsPerPrefix: 1 });
    tunnel.send(A, v3(1, 0));
    tunnel.advance(20_000);
    tunnel.send(B, v3(2, 0));
    tunnel.advance(10_000);
    tunnel.send(B, v3(1, 0));
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
    tunnel.maintenance = true;
    tunnel.send(C, v3(1, 0));
    expect(tunnel.drops).toEqual({ prefixFull: 1, maintenance: 1 });
  });
});

describe("V3 rule 6: an unknown sender is registered unless full, in maintenance, or its address at its limit", () => {
  it("registers by 8 bytes (id, 0) without a reply", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 0));
    expect(tunnel.clients.size).toBe(1);
    expect(tunnel.received(A)).toEqual([]);
  });

  it("registers by a datagram for somebody, too, and counts it", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.drops).toEqual({ unknownReceiver: 1 });
    expect(tunnel.clients.snapshot()).toMatchObject([{ id: 1, packetsReceived: 1, bytesReceived: 12 }]);
  });

  it("takes exactly max-clients", () => {
    const tunnel = new VirtualTunnel({ maxClients: 20, clientsPerPrefix: 100 });
    for (let id = 1; id <= 20; id++)
      tunnel.send(A.replace(/\d+$/, String(id)), v3(id, id === 20 ? 1 : id + 1, 4));
    for (let id = 1; id <= 20; id++)
      tunnel.send(A.replace(/\d+$/, String(id)), v3(id, id === 20 ? 1 : id + 1, 4));
    tunnel.send(B, v3(99, 0));
    expect(tunnel.clients.size).toBe(20);
    expect(tunnel.drops.tableFull).toBe(1);
  });

  it("refuses the 9th client of one address, and takes it once one of the 8 has expired", () => {
    const tunnel = new VirtualTunnel();
    for (let id = 1; id <= 9; id++) tunnel.send(`198.51.100.1:${id}`, v3(id, 0));
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
    expect(tunnel.clients.size).toBe(8);
    tunnel.advance(30_000);
    tunnel.send("198.51.100.1:9", v3(9, 0));
    expect(tunnel.drops).toEqual({ prefixFull: 1 });
  });

  it("refuses in maintenance, while existing clients are relayed", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 0));
    tunnel.send(B, v3(2, 0));
    tunnel.maintenance = true;
    tunnel.send(C, v3(3, 0));
    tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.drops).toEqual({ maintenance: 1 });
    expect(tunnel.received(B).length).toBe(1);
  });
});

describe("V3 rule 7: forward when the receiver is registered and its endpoint differs from the sender's", () => {
  it("forwards to a receiver at the sender's address, behind another port", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send("198.51.100.1:1002", v3(2, 0));
    tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.received("198.51.100.1:1002")).toEqual([v3(1, 2, 4)]);
  });

  it("knows neither registration replies nor disconnects: a client is gone by its silence alone", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(B, v3(2, 0));
    for (const datagram of [v3(1, 0), v3(1, 0, 1), v3(1, 0, 42)]) tunnel.send(A, datagram);
    expect([tunnel.received(A), tunnel.received(B)]).toEqual([[], []]);
    tunnel.advance(29_999);
    expect(tunnel.clients.sweep(tunnel.clock.update(), 1_000)).toBe(0);
    tunnel.advance(1);
    expect(tunnel.clients.sweep(tunnel.clock.update(), 1_000)).toBe(2);
  });

  it("drops what is for nobody", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.drops).toEqual({ unknownReceiver: 1 });
  });

  it("forwards between IPv6 clients", () => {
    const tunnel = new VirtualTunnel({ host: "2001:db8::1" });
    const six = "[2001:db8::2]:1002";
    const other = "[2001:db8:1::3]:1003";
    tunnel.send(six, v3(2, 0));
    const datagram = v3(1, 2, 4);
    tunnel.send(other, datagram);
    expect(tunnel.received(six)).toEqual([datagram]);
    tunnel.send(six, v3(2, 1, 4));
    expect(tunnel.received(other).length).toBe(1);
  });

  it("drops what would come straight back", () => {
    const tunnel = new VirtualTunnel();
    tunnel.send(A, v3(1, 0));
    tunnel.send(A, v3(2, 0));
    tunnel.send(A, v3(1, 2, 4));
    expect(tunnel.drops).toEqual({ sameEndpoint: 1 });
    expect(tunnel.received(A)).toEqual([]);
  });
});

describe("V3 strict mode", () => {
  it("passes only pings of 50, registrations of 8, and data of >= 15 bytes with both ids nonzero", () => {
    const tunnel = new VirtualTunnel({ protocol: new CncnetV3({ strict: true }) });
    tunnel.send(A, v3(1, 0));
    tunnel.send(B, v3(2, 0));
    tunnel.send(A, v3(1, 0, 1));
    tunnel.send(A, v3(1, 2, 6));
    expect(tunnel.drops).toEqual({ notStrict: 2 });
    tunnel.send(A, v3(1, 2, 7));
    tunnel.send(A, v3(0, 0, 42));
    expect(tunnel.received(B).length).toBe(1);
    expect(tunnel.received(A).length).toBe(1);
    expect(tunnel.drops).toEqual({ notStrict: 2 });
  });

  it("takes no stricter view of commands, and a laxer relay takes what strict mode drops", () => {
    const strict = new VirtualTunnel({ protocol: new CncnetV3({ strict: true }) });
    strict.send(A, v3(0, 0xffffffff, 21));
    expect(strict.drops).toEqual({ commandRefused: 1 });
    const lax = new VirtualTunnel();
    lax.send(B, v3(2, 0));
    lax.send(A, v3(1, 0, 1));
    lax.send(A, v3(1, 2, 6));
    expect(lax.drops).toEqual({});
    expect(lax.received(B)).toEqual([v3(1, 2, 6)]);
  });
});
