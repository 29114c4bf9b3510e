import { endpointFromWords } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import { ManualClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { describe, expect, it } from "vitest";
import { ClientClasses } from "../src/compose/client-classes.ts";

const NEWCOMER = 3;
const WORST = 7;

describe("the priority classes that a relay endpoint remembers", () => {
  it("follows a client's measurements, a quarter of a second later at most", () => {
    const { clients, classes, clock, join, pass, worsen } = table();
    using guard = clients.enter();
    const slot = join(1);
    expect(classes.of(slot, clock.recentMs())).toBe(NEWCOMER);
    worsen(slot);
    pass(200);
    expect(classes.of(slot, clock.recentMs())).toBe(NEWCOMER);
    pass(50);
    expect(classes.of(slot, clock.recentMs())).toBe(WORST);
    guard.leave();
  });

  it("asks for a score four times a second, however many datagrams there are", () => {
    const { clients, classes, clock, join, pass } = table();
    using guard = clients.enter();
    const slot = join(1);
    let asked = 0;
    const priority = clients.priority.bind(clients);
    clients.priority = (...of) => {
      asked += 1;
      return priority(...of);
    };
    for (let ms = 0; ms < 2_000; ms++) {
      classes.of(slot, clock.recentMs());
      classes.of(slot, clock.recentMs());
      pass(1);
    }
    // A tick is remembered without its low three bits.
    expect(asked).toBeGreaterThanOrEqual(8);
    expect(asked).toBeLessThanOrEqual(9);
    guard.leave();
  });

  it("gives nobody the class of who had his slot before", () => {
    const { clients, classes, clock, join, worsen } = table(1);
    const first = clients.enter();
    const slot = join(1);
    worsen(slot);
    expect(classes.of(slot, clock.recentMs())).toBe(WORST);
    const handle = clients.handle(slot);
    first.leave();
    expect(clients.remove(handle)).toBe(true);
    // Until the slot's turn comes again: there are spare ones.
    let reused = false;
    for (let id = 2; id < 1_000 && !reused; id++) {
      const guard = clients.enter();
      const next = join(id);
      expect(classes.of(next, clock.recentMs())).toBe(NEWCOMER);
      reused = next === slot;
      const its = clients.handle(next);
      guard.leave();
      clients.remove(its);
    }
    expect(reused).toBe(true);
  });

  it("knows a client across the wrap of the tick, and in slots beyond the first ones", () => {
    const { clients, classes, clock, join, pass, worsen } = table(3_000, 2 ** 32 - 100);
    using guard = clients.enter();
    const slots = Array.from({ length: 3_000 }, (_, id) => join(id));
    const slot = Math.max(...slots);
    expect(slot).toBeGreaterThanOrEqual(2_999);
    classes.of(Math.min(...slots), clock.recentMs());
    expect(classes.of(slot, clock.recentMs())).toBe(NEWCOMER);
    worsen(slot);
    pass(200);
    expect(classes.of(slot, clock.recentMs())).toBe(NEWCOMER);
    pass(60);
    expect(classes.of(slot, clock.recentMs())).toBe(WORST);
    guard.leave();
  });
});

function table(
  capacity = 4,
  startMs = 1_000,
): {
  clients: TunnelClientTable;
  classes: ClientClasses;
  clock: ManualClock;
  join: (id: number) => number;
  pass: (ms: number) => void;
  /** The client's connection is as bad as can be. */
  worsen: (slot: number) => void;
} {
  const clock = new ManualClock({ startMs });
  const clients = TunnelClientTable.create({ capacity, timeoutMs: 60_000, clock });
  const endpoint = (id: number): Endpoint => endpointFromWords(0, 0, 0xffff, 0x0a00_0000 + id, 4_000);
  return {
    clients,
    classes: new ClientClasses(clients),
    clock,
    join: (id) => clients.joinEndpoint(endpoint(id), clock.recentMs()),
    pass: (ms) => {
      clock.stall(ms);
      clock.update();
    },
    worsen: (slot) => {
      clients.setLatency(slot, 500);
      clients.setLossPerMille(slot, 1_000);
    },
  };
}
