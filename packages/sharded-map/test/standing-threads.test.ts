/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { describe, expect, it } from "vitest";
import { FULL, ShardedMap } from "@udp-relay/sharded-map";
import type { LongGuard } from "@udp-relay/sharded-map";
import type { ChurnResult, ChurnTask } from "./churn-worker.ts";
import { auditMap, inGuard } from "./map-audit.ts";
import { long, runThreads, sibling } from "./threads.ts";

const CLIENTS = 200;
const CAPACITY = 400;
const MILLISECONDS = long ? 35_000 : 3_000;
const NEW_KEYS_PER_SECOND = 10_000;

describe("threads that stand still", () => {
  it(`the main thread is blocked for ${MILLISECONDS / 1000} s: newcomers and clients go on`, async () => {
    // Spare slots for 400 ms of newcomers: on a busy machine a worker may be suspended in its guard for so long.
    using map = ShardedMap.create({ capacity: CAPACITY, key: "u32", workers: 4, batch: 1024 });
    inGuard(map, () => {
      for (let key = 0; key < CLIENTS; key++) map.getOrInsert(key);
    });
    const task: ChurnTask = {
      role: "newcomers",
      handle: map.shared,
      milliseconds: MILLISECONDS,
      newKeysPerSecond: NEW_KEYS_PER_SECOND,
      firstNewKey: 1_000_000,
      newcomers: CAPACITY - CLIENTS,
      clients: CLIENTS,
    };
    const running = runThreads<ChurnResult>(sibling("churn-worker", import.meta.url), [
      task,
      { ...task, role: "clients" },
    ]);
    // Let the workers start, then block: no event, no timer and no supervisor runs in this thread.
    await new Promise((resolve) => setTimeout(resolve, 300));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MILLISECONDS - 300);
    const [newcomers, clients] = (await running) as [ChurnResult, ChurnResult];
    const { rebuilds, resting, full } = map.stats();
    console.log(
      `${newcomers.operations} new keys in ${MILLISECONDS} ms, ${newcomers.busy} busy, ${rebuilds} rebuilds,`,
      `${clients.operations} lookups of ${CLIENTS} clients, ${clients.missed} missed`,
    );
    expect(newcomers.operations).toBeGreaterThan((0.9 * MILLISECONDS * NEW_KEYS_PER_SECOND) / 1000);
    expect(newcomers.refused).toBe(0);
    expect(full + resting).toBe(0);
    expect(clients.missed).toBe(0);
    expect(auditMap(map)).toBe(undefined);
  }, 120_000);

  it("a thread stopped in a guard: inserts go on until the spare slots are used, then FULL, counted as resting", () => {
    using map = ShardedMap.create({ capacity: 50, key: "u32", workers: 2, batch: 16 });
    using stopped = ShardedMap.attach(map.shared);
    inGuard(map, () => {
      for (let key = 0; key < 50; key++) map.getOrInsert(key);
    });
    const guard = stopped.enter();
    let key = 0;
    let slot = 0;
    for (; slot >= 0 && key < 1000; key++) {
      expect(map.remove(key)).toBeGreaterThanOrEqual(0);
      slot = inGuard(map, () => map.getOrInsert(1000 + key));
    }
    expect(slot).toBe(FULL);
    expect(key - 1).toBe(32);
    expect([map.stats().full, map.stats().resting]).toEqual([0, 1]);
    // Whoever is there is found, also by the one who stands still.
    expect(stopped.get(1000)).toBeGreaterThanOrEqual(0);
    expect(map.size).toBe(49);
    guard.leave();
    expect(inGuard(map, () => map.getOrInsert(2000))).toBeGreaterThanOrEqual(0);
    expect(auditMap(map)).toBe(undefined);
  });

  it("what was removed in this guard holds back nothing that was removed before it", () => {
    // Each guard removes as many as one may: those of the guard before have to be there for them.
    using map = ShardedMap.create({ capacity: 2_000, key: "u32", workers: 1, batch: 8 });
    inGuard(map, () => {
      for (let key = 0; key < 2_000; key++) map.getOrInsert(key);
    });
    for (let key = 2_000; key < 40_000; key += 8) {
      inGuard(map, () => {
        for (let i = key; i < key + 8; i++) {
          if (map.remove(i - 2_000) < 0 || map.getOrInsert(i) < 0) expect.unreachable(`key ${i} is refused`);
        }
      });
    }
    expect(map.stats().resting).toBe(0);
    expect(auditMap(map)).toBe(undefined);
  });

  it("a slot found in a guard is not used again before the guard ends", () => {
    using map = ShardedMap.create({ capacity: 1, key: "u32", workers: 1, batch: 3 });
    using reader = ShardedMap.attach(map.shared);
    inGuard(map, () => map.getOrInsert(1));
    const guard = reader.enter();
    const slot = reader.get(1);
    expect(map.remove(1)).toBe(slot);
    for (let key = 2; key < 5; key++) {
      const other = inGuard(map, () => map.getOrInsert(key));
      expect(other).toBeGreaterThanOrEqual(0);
      expect(other).not.toBe(slot);
      map.remove(key);
    }
    expect(reader.keyOf(slot)).toBe(1);
    guard.leave();
    expect(inGuard(map, () => map.getOrInsert(9))).toBe(slot);
  });

  it("reports a guard of more than 100 ms, once", async () => {
    const seen: LongGuard[] = [];
    using map = ShardedMap.create({ capacity: 4, key: "u32", onLongGuard: (guard) => seen.push(guard) });
    using stopped = ShardedMap.attach(map.shared);
    const guard = stopped.enter();
    map.sweep(() => false, 1);
    expect(seen).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 120));
    map.sweep(() => false, 1);
    map.sweep(() => false, 1);
    guard.leave();
    expect(seen.length).toBe(1);
    expect(seen[0]!.heldMs).toBeGreaterThanOrEqual(100);
    expect(map.region.owners().find(({ index }) => index === seen[0]!.ownerIndex)?.state).toBe("live");
    expect(map.stats().longGuards).toBe(1);
    // Many short guards are no long one.
    for (let n = 0; n < 3; n++) {
      const short = stopped.enter();
      map.sweep(() => false, 1);
      short.leave();
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(seen.length).toBe(1);
  });
});
