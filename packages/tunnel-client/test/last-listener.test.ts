/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { TunnelClientTable } from "../src/index.ts";

const endpoint = parseEndpoint("192.0.2.1:5000");
const options = { capacity: 4, timeoutMs: 8_000, key: "u32", workers: 1 } as const;

/** Clients that joined at tick 0. */
function fill(clients: TunnelClientTable, ids: readonly number[]): void {
  using _guard = clients.enter();
  for (const id of ids) clients.join(id, endpoint, 0);
}

describe("a thread whose last callback is gone", () => {
  it("leaves to others what it had kept for it", () => {
    using clients = TunnelClientTable.create(options);
    using other = TunnelClientTable.attach(clients.shared);
    const told: string[] = [];
    const ends = ["one", "two"].map((name) => clients.onExpire(({ id }) => told.push(`${name} ${id!}`)));
    fill(clients, [1, 2]);
    clients.beat(4_000);
    const guard = clients.enter();
    expect(clients.sweep(8_000, 100)).toBe(2);
    for (const end of ends) end();
    ends[0]!();
    guard.leave();
    expect(told).toEqual([]);
    expect(clients.stats().expiriesPending).toBe(2);
    other.onExpire(({ id, redelivered }) => told.push(`other ${id!}${redelivered ? " again" : ""}`));
    other.sweep(8_000, 1);
    expect(told.sort()).toEqual(["other 1", "other 2"]);
    expect(clients.stats().expiriesPending).toBe(0);
  });

  it("tells the rest of a batch to others when the callback ends itself", () => {
    using clients = TunnelClientTable.create(options);
    using other = TunnelClientTable.attach(clients.shared);
    const told: string[] = [];
    const end = clients.onExpire(({ id }) => {
      told.push(`first ${id!}`);
      end();
    });
    fill(clients, [1, 2, 3]);
    clients.beat(4_000);
    expect(clients.sweep(8_000, 100)).toBe(3);
    expect(told).toHaveLength(1);
    other.onExpire(({ id, redelivered }) => told.push(`other ${id!}${redelivered ? " again" : ""}`));
    other.sweep(8_000, 1);
    expect(told.map((line) => line.split(" ")[1]).sort()).toEqual(["1", "2", "3"]);
    expect(told.filter((line) => line.endsWith("again"))).toEqual([]);
    expect(clients.stats().expiriesPending).toBe(0);
  });
});
