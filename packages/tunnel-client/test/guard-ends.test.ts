/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { parseEndpoint } from "@udp-relay/address-validation";
import { ManualClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { TunnelClient, TunnelClientTable } from "../src/index.ts";

const endpoint = parseEndpoint("192.0.2.1:5000");
const fault = new Error("a caller's own");
const throwFault = (): never => {
  throw fault;
};

/** Clients come and go: it works only as long as no guard stands. */
function churn(clients: TunnelClientTable, rounds = 20): void {
  for (let id = 1_000; id < 1_000 + rounds; id++) {
    const guard = clients.enter();
    const slot = clients.join(id, endpoint, 1);
    const handle = slot < 0 ? 0 : clients.handle(slot);
    guard.leave();
    expect(slot).toBeGreaterThanOrEqual(0);
    expect(clients.remove(handle)).toBe(true);
  }
}

describe("a guard ends", () => {
  it("whatever a callback within it throws", () => {
    using clients = TunnelClientTable.create({
      ...{ capacity: 4, timeoutMs: 8_000, key: "u32", workers: 1, batch: 2 },
    });
    const guard = clients.enter();
    const handle = clients.handle(clients.join(1, endpoint, 1));
    guard.leave();
    for (const walk of [
      () => clients.forEach(throwFault),
      () => clients.forEachByPriority(throwFault),
      () => clients.forEachByActivity(throwFault),
    ]) {
      expect(walk).toThrow(fault);
      expect(() => clients.find(1)).toThrow("guard");
      churn(clients);
    }
    expect(clients.client(handle)?.isLive).toBe(true);
  });

  it("whatever is wrong with what a method is given", () => {
    using clients = TunnelClientTable.create({
      ...{ capacity: 4, timeoutMs: 8_000, workers: 1, batch: 2, clientsPerPrefix: 2 },
    });
    const guard = clients.enter();
    const handle = clients.handle(clients.joinEndpoint(endpoint, 1));
    guard.leave();
    expect(() => clients.rekey(handle, undefined as never)).toThrow(TypeError);
    expect(() => clients.findEndpoint(endpoint)).toThrow("guard");
  });

  it("of a client by itself that was disposed: others still take its place", () => {
    const create = TunnelClientTable.create.bind(TunnelClientTable);
    let tables = 0;
    const counted: typeof create = (options) => {
      tables++;
      return create(options);
    };
    TunnelClientTable.create = counted;
    try {
      // No other test has this timeout: the private tables are this one's.
      const make = (): TunnelClient => new TunnelClient({ timeoutMs: 8_123 });
      const gone = make();
      gone[Symbol.dispose]();
      for (const use of [() => gone.received(1), () => gone.sent(1), () => gone.snapshot()]) {
        expect(use).toThrow(expect.objectContaining({ code: "ERR_TUNNEL_CLIENT_DISPOSED" }));
      }
      for (let n = 0; n < 200; n++) make()[Symbol.dispose]();
    } finally {
      TunnelClientTable.create = create;
    }
    expect(tables).toBe(1);
  });
});

describe("what a reporter throws", () => {
  it("stays in the batch: the sweep returns, and the process is warned", async () => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on("warning", listen);
    using clients = TunnelClientTable.create({
      ...{ capacity: 4, timeoutMs: 8_000, key: "u32", workers: 1 },
      onError: () => {
        throw new Error("the reporter's mistake");
      },
    });
    clients.onExpire(throwFault);
    const guard = clients.enter();
    clients.join(1, endpoint, 0);
    guard.leave();
    clients.beat(4_000);
    expect(clients.sweep(8_000, 100)).toBe(1);
    expect(clients.stats()).toMatchObject({ callbacksThrown: 1, expiriesPending: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", listen);
    expect(warnings.join()).toContain("the reporter's mistake");
  });
});

describe("a table that was disposed", () => {
  it("refuses guards by a typed error, and once more has no effect", () => {
    const clients = TunnelClientTable.create({ capacity: 4, timeoutMs: 8_000, key: "u32", owners: 4 });
    const other = TunnelClientTable.attach(clients.shared);
    other[Symbol.dispose]();
    // Its entries are a newcomer's now, whom nothing that the gone one does may concern.
    using next = TunnelClientTable.attach(clients.shared);
    const owners = (): unknown => next.region.owners().map(({ id, state }) => [id, state]);
    const before = owners();
    other[Symbol.dispose]();
    expect(owners()).toEqual(before);
    for (const use of [() => other.enter(), () => other.sweep(1, 10), () => other.snapshot(1)]) {
      expect(use).toThrow(expect.objectContaining({ code: "ERR_SHARDED_MAP_DISPOSED" }));
    }
    clients[Symbol.dispose]();
  });

  it("cannot be disposed of within a guard, and beats on then", async () => {
    const clock = new ManualClock();
    const clients = TunnelClientTable.create({ capacity: 4, timeoutMs: 80, key: "u32", clock });
    const guard = clients.enter();
    expect(() => clients[Symbol.dispose]()).toThrow(
      expect.objectContaining({ code: "ERR_SHARDED_MAP_IN_GUARD" }),
    );
    guard.leave();
    const beat = (): number => Math.max(...clients.region.owners().map(({ lastSeenTick }) => lastSeenTick));
    const before = beat();
    clock.advance(30);
    const giveUpMs = performance.now() + 20_000;
    while (beat() === before && performance.now() < giveUpMs)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(beat()).toBe(before + 30);
    clients[Symbol.dispose]();
  });
});

describe("views", () => {
  it("are one for a client while it lives, and never more than there are slots", () => {
    using clients = TunnelClientTable.create({
      ...{ capacity: 4, timeoutMs: 8_000, key: "u32", workers: 1, batch: 2 },
    });
    const seen = new Set<unknown>();
    let previous = 0;
    for (let id = 0; id < 100; id++) {
      const guard = clients.enter();
      const handle = clients.handle(clients.join(id, endpoint, 1));
      guard.leave();
      const view = clients.client(handle);
      expect(view?.handle).toBe(handle);
      expect(clients.client(handle)).toBe(view);
      expect(clients.client(previous)).toBe(undefined);
      seen.add(view);
      clients.remove(handle);
      previous = handle;
    }
    expect(seen.size).toBe(100);
    const { views } = clients as unknown as { views: Map<number, unknown> };
    expect(views.size).toBeGreaterThan(0);
    expect(views.size).toBeLessThanOrEqual(6);
  });
});
