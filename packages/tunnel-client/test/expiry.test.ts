import { ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { type ExpiredClient, JOIN_FULL, TunnelClientTable } from "../src/index.ts";
import { endpoint, hear, options } from "./heard-clients.ts";

/** THREATS' own figure with UDP_RELAY_LONG=1. */
const THROWS = process.env.UDP_RELAY_LONG === "1" ? 100_000 : 1_000;

describe("a sweep", () => {
  it("expires who was silent for the timeout and tells of it once, after its guard", () => {
    using clients = TunnelClientTable.create(options);
    const told: ExpiredClient[] = [];
    clients.onExpire((client) => told.push(client));
    const first = hear(clients, 1, 1_000);
    hear(clients, 2, 5_000);
    clients.beat(8_000);
    expect(clients.sweep(8_999, 100)).toBe(0);
    {
      using _guard = clients.enter();
      expect(clients.sweep(9_000, 100)).toBe(1);
      expect(told).toEqual([]);
    }
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      handle: first,
      id: 1,
      endpoint,
      reason: "expired",
      redelivered: false,
      packetsReceived: 1,
      bytesReceived: 100,
      idleMs: 8_000,
      ageMs: 8_000,
      isTimedOut: true,
    });
    clients.sweep(9_000, 100);
    expect(told).toHaveLength(1);
    expect(clients.stats()).toMatchObject({ expired: 1, size: 1, expiriesPending: 0 });
  });

  it("leaves what a thread without a callback expired to one that has", () => {
    using clients = TunnelClientTable.create(options);
    using other = TunnelClientTable.attach(clients.shared);
    const told: number[] = [];
    other.onExpire(({ id }) => told.push(id!));
    hear(clients, 1, 0);
    clients.beat(4_000);
    expect(clients.sweep(8_000, 100)).toBe(1);
    expect(clients.stats().expiriesPending).toBe(1);
    other.sweep(8_000, 1);
    expect(told).toEqual([1]);
    expect(clients.stats().expiriesPending).toBe(0);
  });

  it("counts what the queue cannot take, and removes it all the same", () => {
    using clients = TunnelClientTable.create({ ...options, expiryQueue: 1 });
    for (let id = 0; id < 4; id++) hear(clients, id, 0);
    clients.beat(4_000);
    expect(clients.sweep(8_000, 100)).toBe(4);
    expect(clients.stats()).toMatchObject({ expired: 4, expiryOverflows: 3, expiriesPending: 1, size: 0 });
  });

  it("goes on when callbacks throw, and reports them once a batch", () => {
    const reports: [string, number][] = [];
    using clients = TunnelClientTable.create({
      ...options,
      onError: (error, thrown) => reports.push([(error as Error).message, thrown]),
    });
    let calls = 0;
    clients.onExpire(() => {
      throw new Error(`call ${++calls}`);
    });
    for (let id = 0; id < 3; id++) hear(clients, id, 0);
    clients.beat(4_000);
    clients.sweep(8_000, 100);
    expect(calls).toBe(3);
    expect(reports).toEqual([["call 1", 3]]);
    expect(clients.stats()).toMatchObject({ callbacksThrown: 3, expiriesPending: 0 });
  });

  it(`goes on after ${THROWS} throws, and the others are told of`, () => {
    let reported = 0;
    using clients = TunnelClientTable.create({
      ...options,
      capacity: 100,
      onError: (_error, thrown) => (reported += thrown),
    });
    clients.onExpire(() => {
      throw new Error("a user's mistake");
    });
    let told = 0;
    clients.onExpire(() => told++);
    for (let start = 0; told < THROWS; start += 8_000) {
      for (let id = 0; id < 100; id++) hear(clients, id, start);
      clients.beat(start + 4_000);
      clients.sweep(start + 8_000, 1_000);
    }
    expect(reported).toBe(THROWS);
    expect(clients.stats()).toMatchObject({
      callbacksThrown: THROWS,
      expired: THROWS,
      expiryOverflows: 0,
      size: 0,
    });
  }, 300_000);

  it("tells of a client again, and says so, if a thread dies while it tells", () => {
    using clients = TunnelClientTable.create(options);
    const dying = TunnelClientTable.attach(clients.shared);
    const told: [string, boolean][] = [];
    clients.onExpire(({ redelivered }) => told.push(["the other", redelivered]));
    dying.onExpire(({ redelivered }) => {
      told.push(["the dying", redelivered]);
      const { region } = clients;
      const dead = region.owners().filter(({ index }) => index >= 2);
      for (const { id } of dead) region.declareDead(id);
      using taker = region.claimOwner("a supervisor");
      expect(region.repairDead(taker)).toBe(2);
      clients.sweep(8_000, 1);
    });
    hear(clients, 1, 0);
    clients.beat(4_000);
    expect(dying.sweep(8_000, 100)).toBe(1);
    expect(told).toEqual([
      ["the dying", false],
      ["the other", true],
    ]);
    expect(clients.stats()).toMatchObject({ redeliveries: 1, expiriesPending: 0 });
  });

  it("looks at no more slots than its budget, and goes on from there", () => {
    using clients = TunnelClientTable.create({ ...options, capacity: 100, batch: 1 });
    for (let id = 0; id < 100; id++) hear(clients, id, 0);
    clients.beat(4_000);
    let removed = 0;
    for (let round = 0; round < 11; round++) {
      const now = clients.sweep(8_000, 10);
      expect(now).toBeLessThanOrEqual(10);
      removed += now;
    }
    expect(removed).toBe(100);
  });
});

describe("a full table", () => {
  it("makes room by an expired client, then by the unpaired one silent longest, else refuses", () => {
    using clients = TunnelClientTable.create({ ...options, capacity: 3 });
    const reasons: [number, string][] = [];
    clients.onExpire(({ id, reason }) => reasons.push([id!, reason]));
    hear(clients, 1, 0);
    hear(clients, 2, 100);
    hear(clients, 3, 200);
    for (const id of [1, 3]) {
      using _guard = clients.enter();
      clients.sent(clients.find(id), 50, 300);
    }
    // 1 and 3 are paired.
    expect(hear(clients, 4, 1_000)).not.toBe(0);
    expect(reasons).toEqual([[2, "evicted"]]);
    {
      using _guard = clients.enter();
      clients.sent(clients.find(4), 50, 1_000);
      expect(clients.join(5, endpoint, 4_000)).toBe(JOIN_FULL);
      expect(clients.join(5, endpoint, 7_900)).toBe(JOIN_FULL);
    }
    expect(hear(clients, 5, 8_000)).not.toBe(0);
    expect(reasons).toEqual([
      [2, "evicted"],
      [1, "expired"],
    ]);
    expect(clients.stats()).toMatchObject({ evicted: 1, expired: 1, joinsRefused: 2 });
  });

  it("keeps its paired clients under a flood of ids", () => {
    using clients = TunnelClientTable.create({ capacity: 220, timeoutMs: 60_000, key: "u32" });
    for (let id = 0; id < 200; id++) hear(clients, id, 1);
    {
      using _guard = clients.enter();
      for (let id = 0; id < 200; id++) clients.sent(clients.find(id), 1, 2);
    }
    for (let id = 1_000; id < 11_000; id++) hear(clients, id, 3 + Math.floor((id - 1_000) / 10));
    using _guard = clients.enter();
    for (let id = 0; id < 200; id++) expect(clients.find(id)).toBeGreaterThanOrEqual(0);
    expect(clients.size).toBe(220);
    expect(clients.stats()).toMatchObject({ evicted: 10_000 - 20, expired: 0, joinsRefused: 0 });
  });
});

describe("a datagram stamped in the future", () => {
  it.each([2_000, 10_000, 70_000, 3_600_000, 86_400_000])("by %i ms freezes nothing", (ahead) => {
    using clients = TunnelClientTable.create({ ...options, timeConstantMs: 1_000 });
    const handle = hear(clients, 1, 1_000);
    hear(clients, 1, 1_000 + ahead);
    for (let tick = 1_001; tick < 9_000; tick++) hear(clients, 1, tick);
    expect(clients.snapshotOf(handle, 9_000)?.bytesPerSecondIn).toBeGreaterThan(98_000);
    expect(clients.snapshotOf(handle, 9_000)?.idleMs).toBe(1);
    expect(clients.stats().futureStamps).toBeGreaterThan(0);
    for (let tick = 10_000; tick <= 16_000; tick += 1_000) expect(clients.sweep(tick, 100)).toBe(0);
    expect(clients.sweep(17_000, 100)).toBe(1);
  });

  it("is clamped to the clock where there is one", () => {
    const clock = new ManualClock();
    using clients = TunnelClientTable.create({ ...options, clock });
    clock.advance(1_000);
    const tick = clock.update();
    const handle = hear(clients, 1, tick + 3_600_000);
    expect(clients.stats().futureStamps).toBe(1);
    expect(clients.snapshotOf(handle, tick)?.idleMs).toBe(0);
    expect(clients.snapshotOf(handle, tick + 500)?.idleMs).toBe(500);
  });

  it("is not what a thread that stood still sees in the records of others", () => {
    using clients = TunnelClientTable.create({ ...options, timeoutMs: 60_000 });
    using late = TunnelClientTable.attach(clients.shared);
    hear(late, 1, 1_000);
    const handle = hear(clients, 1, 20_000);
    // The other thread finishes its batch of 19 s ago.
    hear(late, 1, 1_000);
    expect(clients.snapshotOf(handle, 20_000)?.idleMs).toBe(0);
    expect(clients.stats().futureStamps).toBe(0);
  });
});

describe("ticks that wrap", () => {
  it("neither expire nor keep anybody", () => {
    const start = 2 ** 32 - 4_000;
    using clients = TunnelClientTable.create(options);
    hear(clients, 1, start);
    for (let ms = 1_000; ms < 8_000; ms += 1_000) expect(clients.sweep((start + ms) >>> 0, 100)).toBe(0);
    expect(clients.sweep((start + 8_000) >>> 0, 100)).toBe(1);
  });
});
