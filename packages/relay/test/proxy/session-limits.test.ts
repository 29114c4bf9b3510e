import { describe, expect, it } from "vitest";
import { RtpMeasurer } from "../../src/measure/rtp-measurer.ts";
import { BackendHealth, type HealthOptions } from "../../src/proxy/backend-health.ts";
import { rtp } from "../measure/datagrams.ts";
import { type VirtualBackend, VirtualProxy } from "./virtual-proxy.ts";

const A = "10.0.1.1:53";
const B = "10.0.1.2:53";
const FRAME_MS = 20;
const FRAME_TICKS = 160;

/** How a backend's streams go: every so many packets one is lost, or its time is wrong by so much, back and forth. */
interface Line {
  lostEvery: number;
  wobbleMs: number;
}

/** Makes a backend answer each datagram with the next packet of the sender's own stream. */
function streaming(backend: VirtualBackend, line: Line): void {
  const sequences = new Map<number, number>();
  backend.transport.onBatch = (batch) => {
    for (let i = 0; i < batch.count; i++) {
      const from = batch.endpoint(i);
      const sequence = (sequences.get(from.port) ?? 0) + 1;
      sequences.set(from.port, sequence);
      if (sequence % line.lostEvery === 0) continue;
      const wobble = sequence % 2 === 0 ? line.wobbleMs * 8 : 0;
      backend.transport.send(rtp(sequence, sequence * FRAME_TICKS + wobble, { ssrc: from.port }), from);
    }
  };
}

interface Watched {
  readonly virtual: VirtualProxy;
  readonly line: Line;
  readonly told: string[];
  /** Each of the clients sends a packet each 20 ms. */
  readonly play: (clients: readonly number[], seconds: number) => void;
}

function watched(health: HealthOptions): Watched {
  const told: string[] = [];
  const virtual = new VirtualProxy([A, B], {
    measurer: new RtpMeasurer(),
    health,
    // Without limits the first would take nearly all sessions.
    weights: [100, 1],
    onSession: ({ client, backend, metric, state }) => {
      told.push(`${client.a3 & 255} ${backend.name} ${metric} ${state}`);
    },
  });
  const line: Line = { lostEvery: Infinity, wobbleMs: 0 };
  streaming(virtual.backends[0]!, line);
  streaming(virtual.backends[1]!, { lostEvery: Infinity, wobbleMs: 0 });
  const known = new Map<number, ReturnType<VirtualProxy["client"]>>();
  const clientOf = (n: number): ReturnType<VirtualProxy["client"]> => {
    const client = known.get(n) ?? virtual.client(`192.0.2.${n}`);
    known.set(n, client);
    return client;
  };
  return {
    virtual,
    line,
    told,
    play: (clients, seconds) => {
      for (let ms = 0; ms < seconds * 1_000; ms += FRAME_MS) {
        for (const n of clients) clientOf(n).send("frame");
        virtual.advance(FRAME_MS);
      }
    },
  };
}

const statesOf = (virtual: VirtualProxy): string[] =>
  virtual.proxy.report().backends.map(({ state }) => state);
const sessionsOf = (virtual: VirtualProxy): number[] =>
  virtual.proxy.report().backends.map(({ sessions }) => sessions);

describe("limits of a session's stream", () => {
  it("jitter: new sessions go elsewhere, each crossing is told once and counted, and back again", () => {
    const { virtual, line, told, play } = watched({ jitterMs: { enter: 30, leave: 10 } });
    play([1, 2], 4);
    expect(statesOf(virtual)).toEqual(["up", "up"]);
    line.wobbleMs = 120;
    play([1, 2], 8);
    expect(told.toSorted()).toEqual([`1 ${A} jitter entered`, `2 ${A} jitter entered`]);
    expect(statesOf(virtual)).toEqual(["degraded", "up"]);
    const { crossings, backends } = virtual.proxy.report();
    expect(crossings).toEqual({ loss: 0, rtt: 0, jitter: 2 });
    expect(backends.map(({ sessionsBeyond }) => sessionsBeyond)).toEqual([2, 0]);
    expect(virtual.changes).toHaveLength(1);
    play([1, 2, 3, 4], 1);
    // Who is there stays.
    expect(sessionsOf(virtual)).toEqual([2, 2]);
    line.wobbleMs = 0;
    play([1, 2, 3, 4], 12);
    expect(told.slice(2).toSorted()).toEqual([`1 ${A} jitter left`, `2 ${A} jitter left`]);
    expect(statesOf(virtual)).toEqual(["up", "up"]);
    play([1, 2, 3, 4, 5], 1);
    expect(sessionsOf(virtual)).toEqual([3, 2]);
    expect(virtual.changes.map((change) => change.split(" ").at(-1))).toEqual(["degraded", "restored"]);
  });

  it("loss: told of each session whose backend's packets are missing, not of a client's own bad line", () => {
    const { virtual, line, told, play } = watched({ lossPerMille: { enter: 100, leave: 20 } });
    line.lostEvery = 5;
    play([1], 8);
    expect(told).toEqual([`1 ${A} loss entered`]);
    expect(virtual.proxy.report().crossings).toEqual({ loss: 1, rtt: 0, jitter: 0 });
    // What the client sends is no stream of its own here; one that loses its own packets degrades nobody.
    const lossy = virtual.client("192.0.2.9");
    for (let sequence = 0; sequence < 400; sequence += 2) {
      lossy.send(new TextDecoder("latin1").decode(rtp(sequence, sequence * FRAME_TICKS)));
      virtual.advance(FRAME_MS);
    }
    expect(told.filter((line) => line.startsWith("9 "))).toEqual([]);
  });

  it("few of many: a backend is left when a quarter of its sessions are beyond, and taken again at a tenth", () => {
    const health = new BackendHealth();
    const looks = [24, 25, 11, 10, 24, 0].map((beyond) => {
      health.strain(beyond, beyond === 0 ? 0 : 100);
      return health.isDegraded;
    });
    expect(looks).toEqual([false, true, true, false, false, false]);
  });

  it("a session that ends takes its mark with it", () => {
    const { virtual, line, play } = watched({ jitterMs: { enter: 30, leave: 10 } });
    line.wobbleMs = 120;
    play([1], 8);
    expect(virtual.proxy.report().backends[0]!.sessionsBeyond).toBe(1);
    virtual.advance(15_000);
    expect(virtual.proxy.report().backends[0]).toMatchObject({ sessions: 0, sessionsBeyond: 0, state: "up" });
  });

  it("limits that are none are refused, and nothing stays open", () => {
    expect(() => watched({ jitterMs: { enter: 5, leave: 5 } })).toThrow(
      expect.objectContaining({ code: "ERR_RELAY_CONFIG" }) as Error,
    );
  });
});
