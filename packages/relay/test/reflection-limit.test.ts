import { afterEach, describe, expect, it } from "vitest";
import { parseEndpoint } from "@udp-relay/address-validation";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { ReflectionLimit } from "../src/limits/reflection-limit.ts";
import { RelayMemory } from "../src/shared/relay-memory.ts";

const HOME = parseEndpoint("198.51.100.1:1001");
const AWAY = parseEndpoint("198.51.100.2:1002");
const SLOTS = 8;

const tables: TunnelClientTable[] = [];
afterEach(() => {
  for (const table of tables.splice(0).reverse()) table[Symbol.dispose]();
});

/** Two threads' views of one table and its budgets. */
function twoThreads() {
  const created = TunnelClientTable.create({
    capacity: 4,
    timeoutMs: 1_000,
    key: "u32",
    workers: 2,
    batch: 2,
  });
  const attached = TunnelClientTable.attach(created.shared);
  tables.push(created, attached);
  const memory = RelayMemory.create({ workers: 1, slots: SLOTS, pingPrefixes: 8, pairs: 8 });
  return [created, attached].map((clients) => {
    const limit = new ReflectionLimit(RelayMemory.attach(memory.shared).budget, clients, SLOTS);
    return {
      clients,
      join: (tick: number) => inGuard(clients, () => clients.join(7, HOME, tick)),
      receive: (tick: number) =>
        inGuard(clients, () => limit.received(clients.find(7), clients.endpoint(clients.find(7)), tick)),
      spend: (length: number, tick: number) =>
        inGuard(clients, () => {
          const slot = clients.find(7);
          return limit.spend(slot, clients.endpoint(slot), length, tick);
        }),
      move: (to: typeof HOME, tick: number) =>
        inGuard(clients, () => {
          expect(clients.rebind(clients.find(7), to, tick)).toBe(0);
          limit.rebound(clients.find(7));
        }),
    };
  });
}

function inGuard<T>(clients: TunnelClientTable, act: () => T): T {
  const guard = clients.enter();
  try {
    return act();
  } finally {
    guard.leave();
  }
}

describe("what a thread believes of who is confirmed", () => {
  it("ends when another thread moves the id to an endpoint that has not answered", () => {
    const [here, there] = twoThreads();
    here!.join(0);
    expect(here!.spend(10, 0)).toBe(true);
    here!.receive(1);
    for (let tick = 2; tick < 100; tick++) expect(here!.spend(60_000, tick)).toBe(true);
    there!.move(AWAY, 100);
    expect(here!.spend(4_097, 101)).toBe(false);
    expect(here!.spend(4_096, 101)).toBe(true);
    expect(here!.spend(1, 101)).toBe(false);
    there!.receive(102);
    expect(here!.spend(60_000, 103)).toBe(true);
  });

  it("is not older than half a second: an id that went away and came back has to answer again", () => {
    const [here, there] = twoThreads();
    here!.join(0);
    here!.spend(10, 0);
    here!.receive(1);
    expect(here!.spend(60_000, 2)).toBe(true);
    // The shortest timeout is a second, and each move takes one.
    there!.move(AWAY, 1_010);
    there!.move(HOME, 2_020);
    expect(here!.spend(4_097, 2_021)).toBe(false);
  });

  it("is of one client, not of the next one in its slot", () => {
    const [here] = twoThreads();
    const slot = here!.join(0);
    here!.spend(10, 0);
    here!.receive(1);
    expect(here!.spend(60_000, 2)).toBe(true);
    here!.clients.remove(inGuard(here!.clients, () => here!.clients.handle(slot)));
    while (here!.join(3) !== slot)
      here!.clients.remove(inGuard(here!.clients, () => here!.clients.handle(here!.clients.find(7))));
    expect(here!.spend(4_097, 4)).toBe(false);
  });
});
