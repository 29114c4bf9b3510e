import { AddressPolicy } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { RelayError } from "../../src/relay-error.ts";
import { VirtualProxy } from "./virtual-proxy.ts";

const A = "10.0.1.1:53";
const B = "10.0.1.2:53";

describe("a session", () => {
  it("carries datagrams both ways, by a socket of its own, and sticks to its backend", () => {
    const virtual = new VirtualProxy([A, B]);
    const clients = [1, 2, 3, 4].map((n) => virtual.client(`192.0.2.${n}`));
    for (let round = 0; round < 5; round++) {
      clients.forEach((client, n) => client.send(`${n}/${round}`));
      virtual.advance(100);
    }
    clients.forEach(({ received }, n) => {
      const backend = received[0]!.split(" ")[0]!;
      expect(received).toEqual([0, 1, 2, 3, 4].map((round) => `${backend} heard ${n}/${round}`));
    });
    // Equal backends: two clients each, and one upstream port a client.
    expect(virtual.backends.map(({ senders }) => senders.size)).toEqual([2, 2]);
    const { sessions, counts, backends } = virtual.proxy.report();
    expect(sessions).toBe(4);
    expect(counts).toEqual({ opened: 4, expired: 0, evicted: 0, failed: 0, moved: 0, workerDied: 0 });
    expect(backends.map(({ datagramsTo, datagramsFrom }) => [datagramsTo, datagramsFrom])).toEqual([
      [10, 10],
      [10, 10],
    ]);
  });

  it("ends when its client was silent for the timeout, whatever its backend sends", () => {
    const virtual = new VirtualProxy([A], { idleTimeoutMs: 10_000 });
    const client = virtual.client("192.0.2.1");
    client.send("one");
    virtual.advance(9_900);
    expect(virtual.proxy.sessions).toBe(1);
    client.send("two");
    virtual.advance(9_900);
    expect(virtual.proxy.sessions).toBe(1);
    virtual.advance(200);
    expect(virtual.proxy.sessions).toBe(0);
    expect(virtual.proxy.counts.expired).toBe(1);
    client.send("three");
    virtual.advance(20);
    expect(client.received).toHaveLength(3);
    // Another socket: nobody else is given the old one's late replies.
    expect(virtual.backends[0]!.senders.size).toBe(2);
  });

  it("takes replies from its backend only", () => {
    const virtual = new VirtualProxy([A, B]);
    const client = virtual.client("192.0.2.1");
    client.send("hello");
    virtual.advance(20);
    const [mine, other] =
      virtual.backends[0]!.received.length > 0 ? virtual.backends : virtual.backends.toReversed();
    const [sessionSocket] = [...mine!.senders];
    const [host, port] = sessionSocket!.split(":");
    expect(host).toBe("10.0.0.1");
    other!.transport.send(new TextEncoder().encode("forged"), {
      ...virtual.proxy.localEndpoint,
      port: Number(port),
    });
    virtual.advance(20);
    expect(client.received).toHaveLength(1);
    expect(virtual.proxy.drops.foreign).toBe(1);
  });
});

describe("limits", () => {
  it("hold the number of sessions exactly, and those that are answered stay", () => {
    const virtual = new VirtualProxy([A], { maxSessions: 100 });
    const clients = Array.from({ length: 100 }, (_, n) => virtual.client(`198.51.100.${n}`));
    for (const client of clients) client.send("first");
    virtual.advance(50);
    for (let n = 0; n < 100; n++) virtual.client(`203.0.113.${n}`).send("too many");
    virtual.advance(50);
    expect(virtual.proxy.sessions).toBe(100);
    expect(virtual.proxy.drops.sessionsFull).toBe(100);
    for (const client of clients) client.send("second");
    virtual.advance(50);
    for (const client of clients) expect(client.received).toHaveLength(2);
  });

  it("hold the sessions of one address, and let others in", () => {
    const virtual = new VirtualProxy([A], { sessionsPerPrefix: 8 });
    const ports = Array.from({ length: 9 }, (_, n) => virtual.client("192.0.2.1", 4_000 + n));
    const other = virtual.client("192.0.2.2");
    for (const client of [...ports, other]) client.send("hello");
    virtual.advance(50);
    expect(ports.map(({ received }) => received.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(other.received).toHaveLength(1);
    expect(virtual.proxy.drops.prefixFull).toBe(1);
  });

  it("refuse addresses by policy, and clients that send too fast", () => {
    const policy = AddressPolicy.preset("lan", { deny: ["192.0.2.66"], allow: ["192.0.2.0/24"] });
    const virtual = new VirtualProxy([A], { policy, packetsPerSecond: 10 });
    const denied = virtual.client("192.0.2.66");
    const fast = virtual.client("192.0.2.1");
    denied.send("no");
    for (let n = 0; n < 25; n++) fast.send("burst");
    virtual.advance(50);
    expect(denied.received).toHaveLength(0);
    expect(fast.received).toHaveLength(10);
    expect(virtual.proxy.drops).toMatchObject({ address: 1, rateLimited: 15 });
    virtual.advance(450);
    for (let n = 0; n < 25; n++) fast.send("burst");
    virtual.advance(50);
    expect(fast.received).toHaveLength(15);
  });
});

describe("the rate of an address", () => {
  const bursts = (virtual: VirtualProxy, host: string, ports: number, each: number): number[] => {
    const clients = Array.from({ length: ports }, (_, n) => virtual.client(host, 4_000 + n));
    for (let n = 0; n < each; n++) for (const client of clients) client.send("burst");
    virtual.advance(50);
    return clients.map(({ received }) => received.length);
  };
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

  it("holds whatever ports it sends from, and costs no session; another address has its own", () => {
    const virtual = new VirtualProxy([A], { packetsPerSecond: 10, prefixPacketsPerSecond: 30 });
    expect(sum(bursts(virtual, "192.0.2.1", 100, 1))).toBe(30);
    expect(virtual.proxy.drops.prefixRateLimited).toBe(70);
    expect(virtual.proxy.counts.opened).toBe(30);
    expect(bursts(virtual, "192.0.2.2", 1, 12)).toEqual([10]);
    // A second's worth comes in a second.
    virtual.advance(950);
    const later = virtual.client("192.0.2.1", 6_000);
    later.send("again");
    virtual.advance(50);
    expect(later.received).toHaveLength(1);
  });

  it("is 16 times a client's if nothing is said, so that new ports gain a client no more than that", () => {
    const virtual = new VirtualProxy([A], { packetsPerSecond: 10 });
    expect(sum(bursts(virtual, "192.0.2.1", 500, 1))).toBe(160);
    const unlimited = new VirtualProxy([A], { packetsPerSecond: 10, prefixPacketsPerSecond: 0 });
    expect(sum(bursts(unlimited, "192.0.2.1", 500, 1))).toBe(500);
  });

  it("is not used up by what a client's own limit refuses", () => {
    const virtual = new VirtualProxy([A], { packetsPerSecond: 10, prefixPacketsPerSecond: 20 });
    expect(bursts(virtual, "192.0.2.1", 1, 200)).toEqual([10]);
    const neighbour = virtual.client("192.0.2.1", 9_000);
    neighbour.send("hello");
    virtual.advance(50);
    expect(neighbour.received).toHaveLength(1);
    expect(virtual.proxy.drops).toMatchObject({ rateLimited: 190, prefixRateLimited: 0 });
  });
});

describe("backends", () => {
  it("share new sessions by weight; weight 0 takes none", () => {
    const virtual = new VirtualProxy([A, B, "10.0.1.3:53"], { weights: [3, 1, 0] });
    for (let n = 1; n <= 200; n++) virtual.client(`198.51.100.${n}`).send("hello");
    virtual.advance(50);
    expect(virtual.proxy.report().backends.map(({ sessions }) => sessions)).toEqual([150, 50, 0]);
  });

  it("are replaced without losing a session", () => {
    const virtual = new VirtualProxy([A, B]);
    const [a, b] = virtual.backends.map(({ endpoint }) => ({ endpoint }));
    const clients = [1, 2, 3, 4].map((n) => virtual.client(`192.0.2.${n}`));
    for (const client of clients) client.send("before");
    virtual.advance(50);
    virtual.proxy.reload([b!]);
    for (const client of clients) client.send("after");
    const late = virtual.client("192.0.2.9");
    late.send("late");
    virtual.advance(50);
    for (const { received } of clients) {
      expect(received).toHaveLength(2);
      expect(received[1]!.split(" ")[0]).toBe(received[0]!.split(" ")[0]);
    }
    expect(late.received).toEqual([`${B} heard late`]);
    expect(virtual.proxy.report().backends.map(({ name, state }) => [name, state])).toEqual([
      [A, "draining"],
      [B, "up"],
    ]);
    virtual.advance(12_000);
    expect(virtual.proxy.report().backends.map(({ name }) => name)).toEqual([B]);
    expect(virtual.proxy.counts).toMatchObject({ moved: 0, failed: 0, evicted: 0, expired: 5 });
    expect(() => virtual.proxy.reload([])).toThrow(RelayError);
    expect(() => virtual.proxy.reload([a!, a!])).toThrow("named twice");
    expect(virtual.proxy.report().backends.map(({ name }) => name)).toEqual([B]);
  });

  it("drain one by one, and the proxy as a whole", () => {
    const virtual = new VirtualProxy([A, B]);
    const old = virtual.client("192.0.2.1");
    old.send("old");
    virtual.advance(20);
    expect(virtual.proxy.drainBackend(A)).toBe(true);
    expect(virtual.proxy.drainBackend("10.9.9.9:1")).toBe(false);
    for (let n = 2; n < 6; n++) virtual.client(`192.0.2.${n}`).send("new");
    virtual.advance(20);
    expect(virtual.proxy.report().backends.map(({ sessions }) => sessions)).toEqual([1, 4]);
    virtual.proxy.drain();
    old.send("still here");
    const refused = virtual.client("192.0.2.99");
    refused.send("too late");
    virtual.advance(20);
    expect(old.received).toHaveLength(2);
    expect(refused.received).toHaveLength(0);
    expect(virtual.proxy.drops.draining).toBe(1);
  });
});
