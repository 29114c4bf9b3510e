/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { type Crossing, TunnelClientError, TunnelClientTable } from "../src/index.ts";

const endpoint = parseEndpoint("192.0.2.1:5000");

function tableOfOne(quality = false): { clients: TunnelClientTable; slot: number } {
  const clients = TunnelClientTable.create({
    capacity: 1,
    timeoutMs: 60_000,
    key: "u32",
    workers: 1,
    quality,
  });
  const guard = clients.enter();
  const slot = clients.join(1, endpoint, 0);
  guard.leave();
  return { clients, slot };
}

const told = (crossings: Crossing[]): string[] =>
  crossings.map(({ metric, state, value }) => `${metric} ${state} ${value}`);

describe("watch", () => {
  it("tells of a threshold crossed for long enough, and of the way back, once each", () => {
    const { clients, slot } = tableOfOne();
    const crossings: Crossing[] = [];
    clients.watch({ lossPerMille: { enter: 50, leave: 20, forMs: 2_000 } }, (crossing) =>
      crossings.push(crossing),
    );
    const at = (tick: number, loss: number): void => {
      clients.setLossPerMille(slot, loss);
      clients.sweep(tick, 100);
    };
    at(1_000, 60);
    at(2_000, 40);
    at(3_000, 60);
    at(4_999, 70);
    expect(crossings).toEqual([]);
    at(5_000, 80);
    expect(told(crossings)).toEqual(["lossPerMille entered 80"]);
    expect(crossings[0]?.client.id).toBe(1);
    at(6_000, 30);
    at(9_000, 30);
    at(10_000, 20);
    at(11_000, 10);
    expect(crossings).toHaveLength(1);
    at(12_000, 10);
    at(13_000, 0);
    expect(told(crossings)).toEqual(["lossPerMille entered 80", "lossPerMille left 10"]);
    clients[Symbol.dispose]();
  });

  it("watches for small values when `enter` is below `leave`, and runs after the guard", () => {
    const { clients, slot } = tableOfOne();
    const crossings: Crossing[] = [];
    const end = clients.watch({ bytesPerSecondIn: { enter: 1_000, leave: 2_000 } }, (crossing) => {
      expect(() => clients.find(1)).toThrow();
      crossings.push(crossing);
    });
    clients.sweep(10, 100);
    expect(told(crossings)).toEqual(["bytesPerSecondIn entered 0"]);
    for (let tick = 11; tick < 6_000; tick += 10) {
      const guard = clients.enter();
      clients.received(slot, 100, tick);
      guard.leave();
    }
    clients.sweep(6_000, 100);
    expect(crossings.map(({ state }) => state)).toEqual(["entered", "left"]);
    end();
    clients.sweep(60_000, 100);
    expect(crossings).toHaveLength(2);
    clients[Symbol.dispose]();
  });

  it("is each sweeping thread's own: another one that sweeps later tells for itself", () => {
    const { clients, slot } = tableOfOne();
    const other = TunnelClientTable.attach(clients.shared);
    const crossings: string[] = [];
    for (const [name, table] of [["first", clients] as const, ["second", other] as const]) {
      table.watch({ lossPerMille: { enter: 50, leave: 20 } }, ({ state }) =>
        crossings.push(`${name} ${state}`),
      );
    }
    clients.setLossPerMille(slot, 60);
    clients.sweep(1_000, 100);
    clients.sweep(2_000, 100);
    expect(crossings).toEqual(["first entered"]);
    other.sweep(3_000, 100);
    clients.setLossPerMille(slot, 10);
    clients.sweep(4_000, 100);
    expect(crossings).toEqual(["first entered", "second entered", "first left"]);
    other[Symbol.dispose]();
    clients[Symbol.dispose]();
  });

  it("sees what quality records measure", () => {
    const { clients, slot } = tableOfOne(true);
    const crossings: Crossing[] = [];
    clients.watch({ latencyMs: { enter: 100, leave: 50 } }, (crossing) => crossings.push(crossing));
    const guard = clients.enter();
    clients.quality(slot).recordRtt(120);
    clients.quality(slot).recordSequence(1, 0);
    clients.quality(slot).recordSequence(3, 40);
    guard.leave();
    clients.sweep(1, 100);
    expect(crossings.map(({ metric }) => metric)).toEqual(["latencyMs"]);
    const [snapshot] = clients.snapshot(1);
    expect(snapshot?.latencyMs).toBeCloseTo(120, 0);
    expect(snapshot?.lossPerMille).toBeCloseTo(333.3, 0);
    clients[Symbol.dispose]();
  });

  it("refuses what it does not know", () => {
    const { clients } = tableOfOne();
    const refused = [{ lozz: { enter: 1, leave: 0 } }, { latencyMs: { enter: 1, leave: 1 } }];
    for (const thresholds of refused)
      expect(() => clients.watch(thresholds, () => {})).toThrow(TunnelClientError);
    clients[Symbol.dispose]();
  });
});
