import {
  createRegion,
  superviseWorker,
  type OwnerStall,
  type Region,
  type SupervisedWorker,
  type WorkerEnd,
} from "@udp-relay/atomics-layout";
import { load, peek, store } from "@udp-relay/atomics-layout/memory";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { PLAN, type SupervisedTask } from "./supervised-worker.ts";
import { sibling } from "./threads.ts";

const LONG = process.env.UDP_RELAY_LONG === "1";
const KILLS = LONG ? 1_000 : 16;
const AT_ONCE = 4;

function createCells(): Region {
  return createRegion({ ...PLAN, sections: [{ name: "cells", byteLength: PLAN.capacity * 64 }] });
}

function start(region: Region, slot: number, task: SupervisedTask["task"]): Worker {
  const data: SupervisedTask = { handle: region.shared, slot, task };
  return new Worker(sibling("supervised-worker", import.meta.url), { workerData: data });
}

function cellOf(region: Region, slot: number): number {
  return region.section("cells").byteOffset / 4 + slot * 16;
}

describe("superviseWorker", () => {
  it(`declares and repairs each of ${KILLS} killed workers once, and none writes after its end`, async () => {
    const region = createCells();
    const repaired: number[] = [];
    region.onOwnerDeath((index, epoch) => repaired.push((epoch << 8) | index));
    const killed: number[] = [];
    const writes: { slot: number; round: number; count: number; atEnd: boolean }[] = [];
    let lateWrites = 0;
    let declared = 0;

    const kill = async (slot: number): Promise<void> => {
      const cell = cellOf(region, slot);
      const worker = start(region, slot, "write");
      const ended = new Promise<WorkerEnd>((resolve) => superviseWorker(region, worker, { onEnd: resolve }));
      const [id] = (await once(worker, "message")) as [number];
      killed.push(id);
      await sleep(killed.length % 7);
      void worker.terminate();
      const end = await ended;
      const round = peek(region.words, cell);
      const count = region.ops.load64((cell + 4) * 4);
      writes.push({ slot, round, count, atEnd: round > 0 });
      declared += end.declaredDead;
      await sleep(10);
      if (peek(region.words, cell) !== round || region.ops.load64((cell + 4) * 4) !== count) lateWrites++;
      store(region.words, cell, 0);
      region.ops.store64((cell + 4) * 4, 0);
    };
    const lanes = Array.from({ length: AT_ONCE }, async (_, lane) => {
      for (let i = lane; i < KILLS; i += AT_ONCE) await kill(lane);
    });
    await Promise.all(lanes);

    expect(killed).toHaveLength(KILLS);
    expect(declared).toBe(KILLS);
    expect(repaired.sort()).toEqual(killed.sort());
    expect(new Set(repaired).size).toBe(KILLS);
    expect(writes.filter(({ atEnd }) => atEnd).length).toBeGreaterThan(KILLS / 2);
    expect(lateWrites).toBe(0);
    expect(region.owners()).toEqual([]);
  }, 600_000);

  it("repairs once when two threads supervise, declare and repair at the same time", async () => {
    const region = createCells();
    const rounds = LONG ? 1_000 : 50;
    const helper = start(region, 63, "race");
    await once(helper, "message");
    const cell = cellOf(region, 63);
    const supervisor = region.claimOwner("supervisor");
    const cellsOfRepairs = (index: number): number => cellOf(region, index) + 8;
    region.onOwnerDeath((index) => Atomics.add(region.words, cellsOfRepairs(index), 1));
    let here = 0;
    for (let round = 1; round <= rounds; round++) {
      const victims = [region.claimOwner("victim"), region.claimOwner("victim")];
      // Both threads go for the two victims, who have another thread's id: this one's would be its own death.
      for (const { index } of victims) region.words[region.ownerJournalIndex(index) - 15] = 1_000;
      for (const { index } of victims) store(region.words, cellsOfRepairs(index), 0);
      store(region.words, cell + 3, 999);
      store(region.words, cell + 2, round);
      region.declareThreadDead(999);
      here += region.repairDead(supervisor);
      for (let spin = 0; spin < 1e8 && load(region.words, cell + 4) !== round; spin++);
      expect(victims.map(({ index }) => load(region.words, cellsOfRepairs(index)))).toEqual([1, 1]);
      expect(region.owners()).toHaveLength(2);
    }
    const message = once(helper, "message");
    store(region.words, cell + 2, -1);
    const [there] = (await message) as [number];
    expect(here + there).toBe(rounds * 2);
    await helper.terminate();
  }, 600_000);

  it("reports a stalled worker once, and lets it live and resume", async () => {
    const region = createCells();
    const stalls: OwnerStall[] = [];
    const worker = start(region, 0, "stall");
    const ended = new Promise<WorkerEnd>((resolve) => {
      const options = {
        stallAfterMs: 100,
        onStall: (stall: OwnerStall) => stalls.push(stall),
        onEnd: resolve,
      };
      superviseWorker(region, worker, options);
    });
    const [id] = (await once(worker, "message")) as [number];
    const cell = cellOf(region, 0);
    const until = async (condition: () => boolean): Promise<void> => {
      for (let i = 0; i < 1_000 && !condition(); i++) await sleep(10);
      expect(condition()).toBe(true);
    };
    await until(() => region.ownerLastSeenTick(id) > 0);
    const before = stalls.length;
    store(region.words, cell + 2, 1);
    await until(() => stalls.length > before);
    await sleep(300);
    expect(stalls.length).toBe(before + 1);
    expect(stalls.at(-1)).toMatchObject({ owner: { id, label: "stall", state: "live" } });
    expect(stalls.at(-1)!.silentMs).toBeGreaterThanOrEqual(100);
    expect(region.isOwnerAlive(id)).toBe(true);

    const tick = region.ownerLastSeenTick(id);
    store(region.words, cell + 2, 0);
    await until(() => region.ownerLastSeenTick(id) !== tick);
    store(region.words, cell + 2, 1);
    await until(() => stalls.length > before + 1);
    worker.postMessage("end");
    expect(await ended).toEqual({ threadId: expect.any(Number) as number, declaredDead: 0, repaired: 0 });
    expect(region.owners()).toEqual([]);
  });

  it("finds nothing to repair after a worker that released its owner", async () => {
    const region = createCells();
    const worker = start(region, 1, "stall");
    const { threadId } = worker;
    const ended = new Promise<WorkerEnd>((resolve) => superviseWorker(region, worker, { onEnd: resolve }));
    await once(worker, "message");
    worker.postMessage("end");
    expect(await ended).toEqual({ threadId, declaredDead: 0, repaired: 0 });
  });

  it("hands on what a repair throws, and repairs with the next death", async () => {
    const region = createCells();
    const errors: unknown[] = [];
    let broken = true;
    region.onOwnerDeath(() => {
      if (broken) throw new Error("broken");
    });
    const end = async (): Promise<WorkerEnd> => {
      const worker = start(region, 2, "write");
      const ended = new Promise<WorkerEnd>((resolve) =>
        superviseWorker(region, worker, { onEnd: resolve, onError: (error) => errors.push(error) }),
      );
      await once(worker, "message");
      await worker.terminate();
      return ended;
    };
    expect(await end()).toMatchObject({ declaredDead: 1, repaired: 0 });
    expect(errors).toEqual([new Error("broken")]);
    broken = false;
    expect(await end()).toMatchObject({ declaredDead: 1, repaired: 2 });
    expect(region.owners()).toEqual([]);
  });

  it("stops when disposed, and gives its owner entry back", async () => {
    const region = createCells();
    const worker = start(region, 3, "write");
    const supervisions = [superviseWorker(region, worker), superviseWorker(region, worker)];
    const [id] = (await once(worker, "message")) as [number];
    expect(
      region
        .owners()
        .map(({ label }) => label)
        .sort(),
    ).toEqual(["supervisor", "write"]);
    for (const supervision of [...supervisions, ...supervisions]) supervision[Symbol.dispose]();
    expect(region.owners()).toMatchObject([{ id }]);
    await worker.terminate();
    await sleep(20);
    expect(region.owners()).toMatchObject([{ id, state: "live" }]);
    expect(() => superviseWorker(region, worker)).toThrow("has ended or is none");
  });

  it("refuses what is no worker and what is no time", () => {
    const region = createCells();
    for (const threadId of [-1, 0, NaN, undefined]) {
      const worker = { threadId, once: () => undefined, off: () => undefined } as SupervisedWorker;
      expect(() => superviseWorker(region, worker)).toThrow(/threadId/);
    }
    const worker: SupervisedWorker = { threadId: 5, once: () => undefined, off: () => undefined };
    for (const stallAfterMs of [0, 9, 1e9, NaN, 10.5]) {
      expect(() => superviseWorker(region, worker, { stallAfterMs })).toThrow(/stallAfterMs/);
    }
    expect(region.owners()).toEqual([]);
  });

  it.skipIf(!("bun" in process.versions))("knows Bun's Web workers by their close event", async () => {
    type WebWorker = SupervisedWorker & {
      postMessage(message: object): void;
      terminate(): void;
      onmessage: (event: { data: number }) => void;
    };
    const web = globalThis as unknown as { Worker: new (url: URL) => WebWorker };
    const region = createCells();
    const repaired: number[] = [];
    region.onOwnerDeath((index, epoch) => repaired.push((epoch << 8) | index));
    const worker = new web.Worker(sibling("web-worker", import.meta.url));
    const { threadId } = worker;
    const ended = new Promise<WorkerEnd>((resolve) => superviseWorker(region, worker, { onEnd: resolve }));
    const claimed = new Promise<number>((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
    worker.postMessage(region.shared);
    const id = await claimed;
    worker.terminate();
    expect(await ended).toEqual({ threadId, declaredDead: 1, repaired: 1 });
    expect(repaired).toEqual([id]);
  });
});
