import { SimulatedLink } from "@udp-relay/quality-analyzer/simulation";
import { formatAddress, parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { priorityScore } from "@udp-relay/tunnel-client";
import { Backend } from "../../src/proxy/backend.ts";
import { BackendHealth } from "../../src/proxy/backend-health.ts";
import { BackendScores } from "../../src/proxy/backend-scores.ts";
import { RtpMeasurer } from "../../src/measure/rtp-measurer.ts";
import { probe, type VirtualClient, VirtualProxy } from "./virtual-proxy.ts";

const A = "10.0.1.1:53";
const B = "10.0.1.2:53";
const clientsOf = (virtual: VirtualProxy, count: number): VirtualClient[] =>
  Array.from({ length: count }, (_, n) => virtual.client(`192.0.2.${n + 1}`));
const statesOf = (virtual: VirtualProxy): string[] =>
  virtual.proxy.report().backends.map(({ state }) => state);

describe("a backend's health", () => {
  it("changes after so many outcomes in a row, not before, in both directions", () => {
    const health = new BackendHealth({ fall: 3, rise: 2 });
    const changes = Array.from("++-+--+---+-++", (outcome) => health.record(outcome === "+"));
    expect(changes.flatMap((change, i) => (change === undefined ? [] : [`${i} ${change}`]))).toEqual([
      "9 down",
      "13 up",
    ]);
  });

  it("is degraded while its path is slow or lossy, and told of once", () => {
    const health = new BackendHealth();
    const changes = [
      health.crossed("lossy", true),
      health.crossed("slow", true),
      health.crossed("lossy", false),
      health.crossed("slow", false),
    ];
    expect(changes).toEqual(["degraded", undefined, undefined, "restored"]);
  });
});

describe("a backend's score", () => {
  const spec = { endpoint: parseEndpoint(A) };
  const weights = { bandwidth: 0, latency: 1, loss: 2, age: 0 };

  it("is the client table's priority of its path; nothing measured costs nothing", () => {
    const scores = new BackendScores({}, () => undefined);
    const backend = new Backend(spec, {});
    scores.interval([backend], 1_000);
    expect([backend.score, backend.cost]).toEqual([0, 1]);
    backend.recordRtt(120);
    backend.recordStreams(1_000, 40);
    scores.interval([backend], 2_000);
    const path = { bytesPerSecond: 0, latencyMs: 120, lossPerMille: 40, ageMs: 1_000 };
    expect(backend.score).toBe(priorityScore(path, weights));
    expect(backend.score).toBe(200);
    backend.sessions = 2;
    backend.weight = 3;
    // (2 + 1) / 3 sessions by weight, times 1 and one more for each 100 points.
    expect(backend.cost).toBe(3);
    scores.close();
  });

  it("crosses a threshold once it was beyond it for long enough, both ways", () => {
    const told: string[] = [];
    const scores = new BackendScores({ rttMs: { enter: 200, leave: 100, forMs: 3_000 } }, (_, change) =>
      told.push(change),
    );
    let rttMs: number | undefined;
    const backend = new Backend(spec, {});
    Object.defineProperty(backend, "rttMs", { get: () => rttMs });
    let nowMs = 0xffff_f000;
    const pass = (ms: number, seconds: number): string[] => {
      rttMs = ms;
      // Across the wrap of the table's tick, too.
      for (let n = 0; n < seconds; n++) scores.interval([backend], (nowMs += 1_000));
      return told.splice(0);
    };
    expect(pass(250, 3)).toEqual([]);
    expect(pass(150, 1)).toEqual([]);
    expect(pass(250, 3)).toEqual([]);
    expect(pass(250, 1)).toEqual(["degraded"]);
    expect(backend.health.isDegraded).toBe(true);
    expect(pass(101, 10)).toEqual([]);
    expect(pass(100, 4)).toEqual(["restored"]);
    expect(backend.score).toBe(100);
    scores.close();
  });

  it("forgets a loss that nothing measures any more, so that sessions can tell of it again", () => {
    const told: string[] = [];
    const scores = new BackendScores({}, (_, change) => told.push(change));
    const backend = new Backend(spec, {});
    backend.recordStreams(100, 30);
    let intervals = 0;
    const pass = (): void => {
      scores.interval([backend], 1_000 * ++intervals);
      backend.fade();
    };
    pass();
    expect(told).toEqual(["degraded"]);
    while (told.length < 2 && intervals < 100) pass();
    expect(told).toEqual(["degraded", "restored"]);
    expect(backend.score).toBe(0);
    // 100 packets fade to fewer than 20 in eight intervals; ten more without a word follow.
    expect(intervals).toBe(18);
    scores.close();
  });

  it("has as many backends as fit, exactly, and a list with more changes nothing", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ endpoint: parseEndpoint(`192.0.2.1:${n + 1}`) }));
    const virtual = new VirtualProxy([A]);
    virtual.client("192.0.2.9").send("hello");
    virtual.advance(50);
    // The backend that is gone from the list still has a session.
    expect(() => virtual.proxy.reload(many(1_024))).toThrow("allowed: 1024");
    expect(statesOf(virtual)).toEqual(["up"]);
    virtual.proxy.reload(many(1_023));
    virtual.advance(2_000);
    expect(virtual.proxy.report().backends).toHaveLength(1_024);
  });

  it("refuses thresholds that are none", () => {
    const rttMs = { enter: 5, leave: 5 };
    expect(() => new VirtualProxy([A], { health: { rttMs } })).toThrow(
      "latencyMs: enter and leave are the same",
    );
  });
});

describe("a backend that dies", () => {
  it.each([0, 130, 510, 990])(
    "%i ms after a probe is left within three intervals, and no session of another is touched",
    (afterMs) => {
      const virtual = new VirtualProxy([A, B], { probe });
      const clients = clientsOf(virtual, 10);
      for (const client of clients) client.send("hello");
      virtual.advance(3_000 + 20 + afterMs);
      const [dying, living] = virtual.backends;
      dying!.dead = true;
      const sockets = [...living!.senders];
      const diedAt = virtual.network.clock.nowMs();
      const before = clients.map(({ received }) => received.length);
      // Clients go on; each datagram is numbered.
      let leftAt = Infinity;
      for (let n = 0; n < 60; n++) {
        for (const client of clients) client.send(`after ${n}`);
        virtual.advance(50);
        if (leftAt === Infinity && virtual.proxy.report().backends[0]!.sessions === 0) {
          leftAt = virtual.network.clock.nowMs();
        }
      }
      expect(leftAt - diedAt).toBeLessThanOrEqual(3 * probe.intervalMs);
      expect(virtual.proxy.counts).toMatchObject({ opened: 10, moved: 5, failed: 0 });
      clients.forEach(({ received }, i) => {
        const toLiving = received[0]!.startsWith(B);
        // Those of the living backend lost nothing; the others have answers again, from the living one.
        if (toLiving) expect(received.length - before[i]!).toBe(60);
        else expect(received.at(-1)).toMatch(`${B} heard after`);
      });
      for (const socket of sockets) expect(living!.senders).toContain(socket);
      expect(living!.senders.size).toBe(10);
      expect(virtual.changes).toHaveLength(1);
    },
  );

  it("comes back after two answers, with its old sessions where they went", () => {
    const virtual = new VirtualProxy([A, B], { probe });
    virtual.backends[0]!.dead = true;
    virtual.advance(5_000);
    expect(statesOf(virtual)).toEqual(["down", "up"]);
    const clients = clientsOf(virtual, 4);
    for (const client of clients) client.send("hello");
    virtual.backends[0]!.dead = false;
    virtual.advance(1_000);
    expect(statesOf(virtual)).toEqual(["down", "up"]);
    virtual.advance(1_500);
    expect(statesOf(virtual)).toEqual(["up", "up"]);
    for (const client of clients) client.send("again");
    virtual.advance(20);
    expect(virtual.backends.map(({ senders }) => senders.size)).toEqual([0, 4]);
    virtual.client("192.0.2.77").send("new");
    virtual.advance(20);
    expect(virtual.backends[0]!.received).toEqual(["new"]);
  });

  it("keeps its sessions when there is no other, and refuses new ones by name", () => {
    const virtual = new VirtualProxy([A], { probe });
    const client = virtual.client("192.0.2.1");
    client.send("one");
    virtual.advance(100);
    virtual.backends[0]!.dead = true;
    virtual.advance(4_000);
    client.send("two");
    virtual.client("192.0.2.2").send("new");
    virtual.advance(100);
    expect(virtual.proxy.sessions).toBe(1);
    expect(virtual.proxy.drops.noBackend).toBe(1);
    virtual.backends[0]!.dead = false;
    client.send("three");
    virtual.advance(100);
    expect(client.received).toEqual([`${A} heard one`, `${A} heard three`]);
  });
});

describe("probes", () => {
  it("judge nothing when it was this thread that slept", () => {
    const virtual = new VirtualProxy([A, B], { probe });
    virtual.advance(3_010);
    // The answers to the probes of this moment arrive while nobody ticks.
    virtual.asleep = true;
    virtual.advance(35_000);
    virtual.asleep = false;
    virtual.advance(5_000);
    expect(virtual.changes).toEqual([]);
    expect(statesOf(virtual)).toEqual(["up", "up"]);
  });

  it("want the expected answer", () => {
    const expect_ = new TextEncoder().encode("other");
    const virtual = new VirtualProxy([A], { probe: { ...probe, expect: expect_ } });
    virtual.advance(5_000);
    expect(statesOf(virtual)).toEqual(["down"]);
  });

  it("measure the path: the nearer backend takes more, a lossy one is avoided and told of once", () => {
    const links = new Map<string, SimulatedLink>();
    const link = (from: { a3: number }, to: { a3: number }): SimulatedLink => {
      const name = `${from.a3} ${to.a3}`;
      const far = [from, to].some(({ a3 }) => a3 === 0x0a000102);
      const lossy = [from, to].some(({ a3 }) => a3 === 0x0a000103);
      const made =
        links.get(name) ??
        new SimulatedLink({
          seed: links.size + 1,
          delayMs: far ? 50 : 5,
          loss: { kind: "independent", perMille: lossy ? 120 : 0 },
        });
      links.set(name, made);
      return made;
    };
    // Patient enough not to take a lossy path for a dead backend.
    const virtual = new VirtualProxy([A, B, "10.0.1.3:53"], { probe, health: { fall: 20 } }, { link });
    virtual.advance(120_000);
    const [near, far, lossy] = virtual.proxy.report().backends;
    expect(near!.rttMs).toBeCloseTo(10, 0);
    expect(far!.rttMs).toBeCloseTo(100, 0);
    expect(lossy!.lossPerMille).toBeGreaterThan(50);
    expect(statesOf(virtual)).toEqual(["up", "up", "degraded"]);
    expect(virtual.changes.filter((change) => change.includes("10.0.1.3"))).toHaveLength(1);
    for (let n = 1; n <= 200; n++) virtual.client(`198.51.100.${n}`).send("hello");
    virtual.advance(200);
    const sessions = virtual.proxy.report().backends.map((backend) => backend.sessions);
    // Costs 1.1 and 2.0 a session: 129 to 71.
    expect(sessions[0]! / sessions[1]!).toBeGreaterThan(1.7);
    expect(sessions[0]! / sessions[1]!).toBeLessThan(1.9);
    expect(sessions[2]).toBe(0);
    expect(formatAddress(virtual.backends[0]!.endpoint)).toBe("10.0.1.1");
  });
});

describe("what streams measure", () => {
  it("degrades the backend whose replies get lost, without a probe", () => {
    const virtual = new VirtualProxy([A, B], { measurer: new RtpMeasurer() });
    const [lossy, good] = virtual.backends;
    let sequence = 0;
    const stream =
      (backend: typeof lossy, every: number) => (batch: { count: number; endpoint(i: number): never }) => {
        for (let i = 0; i < batch.count; i++) {
          const packet = new Uint8Array(20);
          packet[0] = 0x80;
          new DataView(packet.buffer).setUint16(2, ++sequence & 0xffff);
          new DataView(packet.buffer).setUint32(4, sequence * 160);
          if (sequence % every !== 0) backend!.transport.send(packet, batch.endpoint(i));
        }
      };
    lossy!.transport.onBatch = stream(lossy, 10) as never;
    const first = virtual.client("192.0.2.1");
    first.send("play");
    virtual.advance(20);
    for (let n = 0; n < 500; n++) {
      first.send("more");
      virtual.advance(20);
    }
    const { backends, measured } = virtual.proxy.report();
    expect(backends[0]!.lossPerMille).toBeGreaterThan(80);
    expect(backends[0]!.lossPerMille).toBeLessThan(120);
    expect(measured!.fromBackends.lost).toBeGreaterThanOrEqual(49);
    expect(statesOf(virtual)).toEqual(["degraded", "up"]);
    for (let n = 2; n < 12; n++) virtual.client(`192.0.2.${n}`).send("new");
    virtual.advance(50);
    expect(good!.senders.size).toBe(10);
  });
});
