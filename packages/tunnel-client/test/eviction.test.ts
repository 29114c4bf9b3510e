/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { parseEndpoint } from "@udp-relay/address-validation";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Eviction } from "../src/eviction.ts";
import { type ExpiredClient, JOIN_FULL, TunnelClientTable } from "../src/index.ts";

const endpoint = parseEndpoint("192.0.2.1:5000");
const TIMEOUT_MS = 8_000;

interface Known {
  heard: number;
  paired: boolean;
}

/** A table, and a ledger of all its clients that is searched whole. */
class Ledger {
  readonly clients: TunnelClientTable;
  readonly known = new Map<number, Known>();
  readonly gone: ExpiredClient[] = [];
  now: number;

  constructor(capacity: number, start: number) {
    this.now = start;
    this.clients = TunnelClientTable.create({ capacity, timeoutMs: TIMEOUT_MS, key: "u32", workers: 1 });
    this.clients.onExpire((client) => this.gone.push(client));
  }

  advance(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.now = (this.now + Math.min(left, 1_000)) >>> 0;
      this.clients.beat(this.now);
    }
  }

  idle(id: number): number {
    return (this.now - this.known.get(id)!.heard) >>> 0;
  }

  receive(id: number): void {
    using _guard = this.clients.enter();
    this.clients.received(this.clients.find(id), 1, this.now);
    this.known.get(id)!.heard = this.now;
  }

  pair(id: number): void {
    using _guard = this.clients.enter();
    this.clients.sent(this.clients.find(id), 1, this.now);
    this.known.get(id)!.paired = true;
  }

  /** Joins, and judges whose place it took. */
  join(id: number): void {
    const full = this.known.size === this.clients.capacity;
    const ids = [...this.known.keys()];
    const unpaired = ids.filter((other) => !this.known.get(other)!.paired);
    const mostIdle = Math.max(...unpaired.map((other) => this.idle(other)));
    const expired = ids.some((other) => this.idle(other) >= TIMEOUT_MS);
    this.gone.length = 0;
    const guard = this.clients.enter();
    const slot = this.clients.join(id, endpoint, this.now);
    guard.leave();
    if (!full || expired || unpaired.length > 0) {
      expect(slot).toBeGreaterThanOrEqual(0);
      this.known.set(id, { heard: this.now, paired: false });
    } else expect(slot).toBe(JOIN_FULL);
    expect(this.gone).toHaveLength(full && slot >= 0 ? 1 : 0);
    for (const { id: left, reason } of this.gone) {
      expect(reason).toBe(expired ? "expired" : "evicted");
      if (expired) expect(this.idle(left!)).toBeGreaterThanOrEqual(TIMEOUT_MS);
      else expect(this.known.get(left!)!.paired ? -1 : this.idle(left!)).toBe(mostIdle);
      this.known.delete(left!);
    }
  }
}

/** How many of 16 actions are which; the rest are newcomers. */
const mixes = fc.record({
  receive: fc.integer({ min: 0, max: 6 }),
  pair: fc.integer({ min: 0, max: 4 }),
  advance: fc.integer({ min: 0, max: 4 }),
  stepMs: fc.constantFrom(1, 60, 900, 5_000),
  capacity: fc.constantFrom(3, 60, 150, 400),
  seed: fc.integer({ min: 1 }),
  start: fc.constantFrom(0, 2 ** 31 - 5_000, 2 ** 32 - 5_000),
});

describe("whose place a newcomer takes in a full table", () => {
  it("is an expired client's, else that of the unpaired one silent longest, else nobody's", () => {
    let evicted = 0;
    let expired = 0;
    let refused = 0;
    fc.assert(
      fc.property(mixes, ({ receive, pair, advance, stepMs, capacity, seed, start }) => {
        const ledger = new Ledger(capacity, start);
        using clients = ledger.clients;
        let random = seed;
        const next = (below: number): number => {
          random ^= random << 13;
          random ^= random >>> 17;
          random ^= random << 5;
          return (random >>> 0) % below;
        };
        for (let id = 0; id < capacity; id++) {
          ledger.join(id);
          if (next(8) === 0) ledger.advance(next(stepMs));
        }
        for (let id = capacity; id < capacity + 600; id++) {
          const action = next(16);
          const ids = [...ledger.known.keys()];
          const one = ids[next(ids.length)]!;
          if (action < receive) ledger.receive(one);
          else if (action < receive + pair) ledger.pair(one);
          else if (action < receive + pair + advance) ledger.advance(1 + next(stepMs));
          else ledger.join(id);
        }
        const stats = clients.stats();
        evicted += stats.evicted;
        expired += stats.expired;
        refused += stats.joinsRefused;
      }),
      { numRuns: process.env.UDP_RELAY_LONG === "1" ? 100 : 12, seed: 15 },
    );
    for (const cases of [evicted, expired, refused]) expect(cases).toBeGreaterThan(100);
  }, 120_000);

  it("is known at once, also to a thread whose newcomers were another's", () => {
    using clients = TunnelClientTable.create({ capacity: 3, timeoutMs: TIMEOUT_MS, key: "u32", workers: 2 });
    using other = TunnelClientTable.attach(clients.shared);
    const join = (table: TunnelClientTable, id: number, tick: number): number => {
      using _guard = table.enter();
      return table.join(id, endpoint, tick);
    };
    for (let id = 0; id < 3; id++) join(clients, id, 0);
    {
      using _guard = clients.enter();
      for (const id of [0, 1]) clients.sent(clients.find(id), 1, 0);
    }
    expect(join(clients, 3, 1)).toBeGreaterThanOrEqual(0);
    expect(join(other, 4, 2)).toBeGreaterThanOrEqual(0);
    // This thread's list is empty; the other's newcomer is looked for a 64th of the timeout after the last look.
    expect(join(clients, 5, 2)).toBe(JOIN_FULL);
    expect(join(clients, 5, 1 + TIMEOUT_MS / 64)).toBeGreaterThanOrEqual(0);
  });
});

describe("what a flood of newcomers costs", () => {
  const SLOTS = 1_600;

  /** A table of clients that are heard of just in time, each in its turn; counts the slots that were looked at. */
  class BusyTable {
    readonly heard: number[];
    readonly lonely: boolean[] = Array.from({ length: SLOTS }, () => false);
    looked = 0;
    joins = 0;
    readonly eviction: Eviction;

    constructor() {
      this.heard = Array.from({ length: SLOTS }, (_, slot) => Math.floor((slot * TIMEOUT_MS) / SLOTS));
      this.eviction = new Eviction({
        slots: SLOTS,
        timeoutMs: TIMEOUT_MS,
        joined: () => this.joins,
        isLive: () => {
          this.looked++;
          return true;
        },
        handle: (slot) => slot + 1,
        resolve: (handle) => handle - 1,
        lastReceiveTick: (slot) => this.heard[slot]!,
        isUnpaired: (slot) => this.lonely[slot]!,
        remove: (handle, reason, now) => {
          const slot = handle - 1;
          const holds = reason === "evicted" ? this.lonely[slot]! : now - this.heard[slot]! >= TIMEOUT_MS;
          if (holds) this.heard[slot] = now;
          return holds;
        },
      });
    }

    /** Ten newcomers a millisecond. */
    flood(timeouts: number): number {
      let admitted = 0;
      for (let now = TIMEOUT_MS; now < (1 + timeouts) * TIMEOUT_MS; now++) {
        for (let slot = 0; slot < SLOTS; slot++)
          if (now - this.heard[slot]! >= TIMEOUT_MS - 1) this.heard[slot] = now;
        for (let n = 0; n < 10; n++) {
          if (!this.eviction.makeRoom(now)) continue;
          admitted++;
          this.joins++;
          // Whoever joined last is who was heard of last; its slot is where the evicted one was.
          this.eviction.joined(
            1 + this.heard.findIndex((tick, slot) => tick === now && this.lonely[slot]),
            now,
          );
        }
      }
      return admitted;
    }
  }

  it("is no more than 17 looks through the table a timeout where nobody may go", () => {
    const table = new BusyTable();
    expect(table.flood(5)).toBe(0);
    expect(table.looked / SLOTS).toBeGreaterThan(5);
    expect(table.looked / SLOTS).toBeLessThanOrEqual(5 * 17);
  });

  it("is no more than that, either, where newcomers push out each other", () => {
    const table = new BusyTable();
    table.lonely[3] = true;
    expect(table.flood(2)).toBe(2 * TIMEOUT_MS * 10);
    expect(table.looked / SLOTS).toBeLessThanOrEqual(2 * 17);
  });
});
