/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { endpointFromWords } from "@udp-relay/address-validation";
import { ShardedMapError } from "@udp-relay/sharded-map";
import { describe, expect, it } from "vitest";
import { TunnelClientTable } from "../src/index.ts";

const endpointOf = (number: number) =>
  endpointFromWords(0, 0, number % 3 === 0 ? 7 : 0xffff, number, 1 + (number % 60_000));
const numbers = Array.from({ length: 300 }, (_, i) => i * 7_919);

describe("a batch looked up at once", () => {
  it("is what looking one by one finds, ids that nobody has among them", () => {
    using clients = TunnelClientTable.create({ capacity: 2_000, timeoutMs: 8_000, key: "u32" });
    using _guard = clients.enter();
    for (const id of numbers.slice(0, 200)) clients.join(id, endpointOf(1), 0);
    const ids = Uint32Array.from([...numbers].reverse());
    const slots = new Int32Array(301).fill(-9);
    clients.findBatch(ids, slots, 300);
    expect([...slots.subarray(0, 300)]).toEqual([...ids].map((id) => clients.find(id)));
    expect(slots.subarray(0, 300).filter((slot) => slot < 0)).toHaveLength(100);
    expect(slots[300]).toBe(-9);
    for (const slot of slots.subarray(0, 300)) if (slot >= 0) clients.received(slot, 5, 1);
    expect(clients.snapshot(1).every(({ packetsReceived }) => packetsReceived === 1)).toBe(true);
  });

  it("finds endpoints, too", () => {
    using clients = TunnelClientTable.create({ capacity: 2_000, timeoutMs: 8_000 });
    using _guard = clients.enter();
    for (const number of numbers.slice(0, 200)) clients.joinEndpoint(endpointOf(number), 0);
    const endpoints = numbers.map(endpointOf);
    const slots = new Int32Array(300);
    clients.findEndpointBatch(endpoints, slots, 300);
    expect([...slots]).toEqual(endpoints.map((endpoint) => clients.findEndpoint(endpoint)));
    expect(slots.filter((slot) => slot < 0)).toHaveLength(100);
  });

  it("needs a guard and the table's kind of key", () => {
    using clients = TunnelClientTable.create({ capacity: 4, timeoutMs: 8_000 });
    const slots = new Int32Array(1);
    expect(() => clients.findEndpointBatch([endpointOf(1)], slots, 1)).toThrow(ShardedMapError);
    using _guard = clients.enter();
    expect(() => clients.findBatch([1], slots, 1)).toThrow(ShardedMapError);
    clients.findEndpointBatch([endpointOf(1)], slots, 1);
    expect(slots[0]).toBe(-1);
  });
});
