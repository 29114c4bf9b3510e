import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { load, store } from "@udp-relay/atomics-layout/memory";
import { attachRegion } from "@udp-relay/atomics-layout";
import {
  attachTaker,
  claimedAndDead,
  countRepair,
  names,
  plan,
  repairs,
  repairWith,
  setup,
  touches,
} from "./owned-region.ts";
import type { Shared, Taker } from "./owned-region.ts";

export default [
  defineScenario({
    name: "two threads repair one dead owner: once, and the entry is free",
    touches,
    setup: () => setup(3, claimedAndDead),
    names,
    threads: ["one", "two"].map((name) => thread(name, attachTaker, repairWith)),
    check: ({ results, shared }) => {
      const repaired = [...results.values()].reduce((sum: number, count) => sum + (count as number), 0);
      if (repaired !== 1 || repairs(shared.region) !== 1)
        return `repaired ${repaired} times, ${repairs(shared.region)} took effect`;
      return shared.region.owners().length === 2 ? undefined : "the repaired entry is not free";
    },
  }),

  defineScenario({
    name: "a taker is killed in its repair: the other one finishes it",
    touches,
    setup: () => setup(4, claimedAndDead),
    names,
    threads: [thread("one", attachTaker, repairWith), thread("two", attachTaker, repairWith)],
    interruption: "kill",
    interruptible: ["one"],
    supervisor: supervisor(
      ({ handle }: Shared) => attachRegion(handle, plan),
      (region) => {
        // Worker "one" claimed the second entry: entry 0 is the victim's.
        region.declareDead(region.owners().find(({ index }) => index === 1)!.id);
      },
    ),
    check: ({ shared, interrupted }) => {
      // Whoever lives looks again after the death was declared, as superviseWorker does.
      const region = attachRegion(shared.handle, plan);
      region.onOwnerDeath(() => {
        countRepair(region);
      });
      const owner = region.claimOwner("check");
      region.repairDead(owner);
      owner.release();
      const live = region.owners().map(({ state, index }) => `${index} ${state}`);
      const expected = interrupted === undefined ? "1 live,2 live" : "2 live";
      if (live.join() !== expected) return `the table says ${live.join()}`;
      return repairs(region) >= 1 ? undefined : "nobody repaired";
    },
  }),

  defineScenario({
    name: "an owner is killed while it claims, beats or releases: its entry comes back",
    touches,
    setup: () => setup(3),
    names,
    threads: [
      thread(
        "worker",
        ({ handle }: Shared) => attachRegion(handle, plan),
        (region) => {
          const owner = region.claimOwner("worker");
          owner.beat(5);
          store(region.words, owner.journalIndex, 1);
          store(region.words, owner.journalIndex, 0);
          return owner.release();
        },
      ),
      thread("taker", attachTaker, (taker) => repairWith(taker)),
    ],
    interruption: "kill",
    interruptible: ["worker"],
    supervisor: supervisor(
      ({ handle }: Shared) => attachRegion(handle, plan),
      (region) => {
        for (const { id, index } of region.owners()) if (index === 1) region.declareDead(id);
      },
    ),
    check: ({ shared, interrupted }) => {
      const region = attachRegion(shared.handle, plan);
      const taker = region.claimOwner("check");
      region.onOwnerDeath(() => {
        countRepair(region);
      });
      region.repairDead(taker);
      taker.release();
      if (region.owners().length !== 1) return "an entry is lost";
      if (interrupted === undefined && repairs(region) > 0) return "a living owner was repaired";
      const claimed = region.claimOwner();
      return load(region.words, claimed.journalIndex) === 0 ? undefined : "a new owner has an old journal";
    },
  }),

  defineScenario({
    name: "a repair that fails gives the entry back: the other one finishes it, or the next",
    touches,
    setup: () => setup(4, claimedAndDead),
    names,
    threads: [
      thread("failing", attachTaker, ({ region, owner }: Taker) => {
        region.onOwnerDeath(() => {
          throw new Error("cannot repair it now");
        });
        try {
          return region.repairDead(owner);
        } catch {
          return -1;
        }
      }),
      thread("repairing", attachTaker, repairWith),
    ],
    check: ({ results, shared }) => {
      const region = attachRegion(shared.handle, plan);
      const failed = results.get("failing") === -1;
      const [first] = region.owners();
      const repaired = results.get("repairing") as number;
      if (!failed && repaired !== 1) return "nobody took it over";
      if (repaired === 0 && (first?.index !== 0 || first.state !== "dead"))
        return `after a failure alone it is ${first?.state ?? "free"}`;
      region.onOwnerDeath(() => {
        countRepair(region);
      });
      const next = region.claimOwner("next");
      if (region.repairDead(next) !== 1 - repaired) return "the next one cannot repair it";
      next.release();
      return repairs(region) === 1 && region.owners().length === 2
        ? undefined
        : `${repairs(region)} repairs, ${region.owners().length} owners`;
    },
  }),
] satisfies readonly Scenario[];
