import { afterEach, describe, expect, it } from "vitest";
import { parseEndpoint } from "@udp-relay/address-validation";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
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
    const { budget } = RelayMemory.attach(memory.shared);
    const bytesReceived = (): number => 8;
    return {
      clients,
      join: (tick: number) => inGuard(clients, () => clients.join(7, HOME, tick)),
      receive: () =>
        inGuard(clients, () => budget.received(clients.find(7), clients.handle(clients.find(7)))),
      spend: (length: number) =>
        inGuard(clients, () => {
          const slot = clients.find(7);
          return budget.spend(slot, clients.handle(slot), length, bytesReceived);
        }),
      move: (to: typeof HOME, tick: number) =>
        inGuard(clients, () => {
          const slot = clients.find(7);
          expect(clients.rebind(slot, to, tick)).toBe(0);
          budget.rebound(slot, clients.handle(slot));
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

describe("an id that was confirmed", () => {
  it("has to answer again, for every thread at once, when one moves it to another endpoint", () => {
    const [here, there] = twoThreads();
    here!.join(0);
    expect(here!.spend(10)).toBe(true);
    here!.receive();
    for (let i = 0; i < 100; i++) expect(here!.spend(60_000)).toBe(true);
    there!.move(AWAY, 100);
    expect(here!.spend(4_097)).toBe(false);
    expect(here!.spend(4_096)).toBe(true);
    expect(here!.spend(1)).toBe(false);
    there!.receive();
    expect(here!.spend(60_000)).toBe(true);
  });

  it("has to answer again when it went away and came back", () => {
    const [here, there] = twoThreads();
    here!.join(0);
    here!.spend(10);
    here!.receive();
    expect(here!.spend(60_000)).toBe(true);
    // The shortest timeout is a second, and each move takes one.
    there!.move(AWAY, 1_010);
    there!.move(HOME, 2_020);
    expect(here!.spend(4_097)).toBe(false);
  });

  it("confirms nobody else: not the next client in its slot", () => {
    const [here] = twoThreads();
    const slot = here!.join(0);
    here!.spend(10);
    here!.receive();
    expect(here!.spend(60_000)).toBe(true);
    here!.clients.remove(inGuard(here!.clients, () => here!.clients.handle(slot)));
    while (here!.join(3) !== slot)
      here!.clients.remove(inGuard(here!.clients, () => here!.clients.handle(here!.clients.find(7))));
    expect(here!.spend(4_097)).toBe(false);
  });
});
