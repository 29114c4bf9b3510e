/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classOfPriority, priorityScore } from "../src/index.ts";
import { crateScore } from "./crate-client.ts";
import { LoneClient, send } from "./lone-client.ts";

describe("the score", () => {
  it("is the crate's to the unit, fed with the same inputs", () => {
    const inputs = fc.record({
      bandwidth: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 2 ** 31 - 1 })),
      latencyMs: fc.integer({ min: 0, max: 2_000 }),
      lossPerMille: fc.integer({ min: 0, max: 1_000 }),
      ageSeconds: fc.integer({ min: 0, max: 100_000 }),
    });
    fc.assert(
      fc.property(inputs, ({ bandwidth, latencyMs, lossPerMille, ageSeconds }) => {
        const ours = priorityScore({
          bytesPerSecond: bandwidth,
          latencyMs,
          lossPerMille,
          ageMs: ageSeconds * 1_000,
        });
        const theirs = crateScore(
          BigInt(bandwidth),
          BigInt(latencyMs),
          BigInt(lossPerMille),
          BigInt(ageSeconds),
        );
        expect(BigInt(ours)).toBe(theirs);
      }),
      { numRuns: 2_000 },
    );
  });

  it("weighs its terms, and leaves out what nobody measured", () => {
    const inputs = { bytesPerSecond: 0, ageMs: 100_000 };
    expect(priorityScore(inputs)).toBe(932 + 10);
    expect(
      priorityScore({ ...inputs, latencyMs: 80, lossPerMille: 5 }, { latency: 2, loss: 10, age: -1 }),
    ).toBe(932 + 160 + 50 - 10);
    expect(priorityScore(inputs, { bandwidth: 0, age: -1_000 })).toBe(0);
    expect(classOfPriority(0)).toBe(0);
    expect(classOfPriority(1_000)).toBe(3);
    expect(classOfPriority(65_535)).toBe(7);
  });
});

describe("a client's priority", () => {
  it("is 1,000 before any input, and is computed only when an input has changed", () => {
    using client = new LoneClient();
    const { table, slot } = client;
    const recomputes = (): number => table.stats().priorityRecomputes;
    expect(table.priority(slot, 0)).toBe(1_000);
    expect(recomputes()).toBe(0);
    table.setLatency(slot, 80);
    expect(recomputes()).toBe(0);
    for (let read = 0; read < 10; read++) expect(table.priority(slot, 100 + read)).toBe(932 + 80);
    expect(recomputes()).toBe(1);
    table.setLatency(slot, 80);
    expect(table.priority(slot, 200)).toBe(1_012);
    expect(recomputes()).toBe(1);
    table.setLossPerMille(slot, 9_999);
    expect(table.priority(slot, 300)).toBe(932 + 80 + 1_000);
    expect(recomputes()).toBe(2);
  });

  it("ages in steps of 10 s up to 1,000 s: the crate's stands still between inputs", () => {
    using client = new LoneClient();
    const { table, slot } = client;
    table.setLatency(slot, 0);
    expect(table.priority(slot, 9_999)).toBe(932);
    expect(table.priority(slot, 10_000)).toBe(933);
    expect(table.priority(slot, 999_999)).toBe(932 + 99);
    expect(table.priority(slot, 5_000_000)).toBe(932 + 100);
  });

  it("sees the rates: best for the fastest, worse again once they are idle", () => {
    using client = new LoneClient({ timeoutMs: 600_000, timeConstantMs: 1_000 });
    const { table, slot } = client;
    send(client, 1_000, 2_000, 9_000);
    expect(table.priority(slot, client.tick)).toBe(0);
    expect(table.priorityClass(slot)).toBe(0);
    expect(table.priority(slot, client.tick + 40_000)).toBe(932 + 4);
    expect(table.priorityClass(slot)).toBe(3);
  });

  it("of many clients orders them", () => {
    using client = new LoneClient({ capacity: 50, key: "u32" });
    const { table, slot } = client;
    const endpoint = table.endpoint(slot);
    for (let id = 100; id < 140; id++) {
      const joined = table.join(id, endpoint, id);
      table.setLatency(joined, (id * 7) % 100);
      table.received(joined, 1, 1_000 + ((id * 11) % 40));
    }
    const best = table.top(5, 2_000);
    const all = table.snapshot(2_000).sort((a, b) => a.priority - b.priority);
    expect(best.map(({ priority }) => priority)).toEqual(all.slice(0, 5).map(({ priority }) => priority));
    const idle: number[] = [];
    table.forEachByActivity((_, idleMs) => idle.push(idleMs), 10, 2_000);
    expect(idle).toEqual(
      table
        .snapshot(2_000)
        .map(({ idleMs }) => idleMs)
        .sort((a, b) => a - b)
        .slice(0, 10),
    );
  });
});
