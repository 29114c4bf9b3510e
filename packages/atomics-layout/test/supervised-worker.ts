import { attachRegion, type RegionHandle } from "@udp-relay/atomics-layout";
import { load, poke, store } from "@udp-relay/atomics-layout/memory";
import { parentPort, workerData } from "node:worker_threads";

/** What a supervised worker of the tests does once it has claimed its owner. */
export interface SupervisedTask {
  readonly handle: RegionHandle;
  readonly slot: number;
  readonly task: "write" | "stall" | "race";
}

export const PLAN = { name: "supervised", hash: 1, capacity: 64, owners: 16 } as const;

/**
 * A slot of the section "cells" is a line: word 0 the writes, 1 the owner's id, 2 "race" tells the helper to go on.
 */
function run({ handle, slot, task }: SupervisedTask): void {
  const region = attachRegion(handle, PLAN);
  const { words } = region;
  const cell = region.section("cells").byteOffset / 4 + slot * 16;
  const owner = region.claimOwner(task);
  store(words, cell + 1, owner.id);
  parentPort!.postMessage(owner.id);
  if (task === "write") {
    for (let round = 1; ; round++) {
      poke(words, cell, round);
      region.ops.add64((cell + 4) * 4, 1);
      if ((round & 0xff) === 0) owner.beat(round);
    }
  }
  if (task === "stall") {
    const timer = setInterval(() => {
      if (load(words, cell + 2) === 0) owner.beat(Math.trunc(performance.now()));
    }, 5);
    parentPort!.once("message", () => {
      clearInterval(timer);
      owner.release();
      parentPort!.close();
    });
  }
  if (task === "race") {
    let repaired = 0;
    region.onOwnerDeath((index) => {
      Atomics.add(words, region.section("cells").byteOffset / 4 + index * 16 + 8, 1);
      repaired++;
    });
    for (let seen = 0; ;) {
      const round = load(words, cell + 2);
      if (round === -1) break;
      if (round === seen) continue;
      seen = round;
      region.declareThreadDead(load(words, cell + 3));
      region.repairDead(owner);
      store(words, cell + 4, round);
    }
    parentPort!.postMessage(repaired);
    owner.release();
    parentPort!.close();
  }
}

if (workerData !== undefined && workerData !== null) run(workerData as SupervisedTask);
