import { defineScenario, namesOfRegion, supervisor, thread } from "@udp-relay/model-check";
import type { NamedRange, Scenario } from "@udp-relay/model-check";
import { load, store } from "@udp-relay/atomics-layout/memory";
import { attachRegion, createRegion } from "@udp-relay/atomics-layout";
import type { Owner, Region, RegionHandle } from "@udp-relay/atomics-layout";

const plan = {
  name: "Owned",
  hash: 7,
  capacity: 1,
  owners: 3,
  sections: [{ name: "records", byteLength: 64 }],
};
const touches = ["packages/atomics-layout/src/owner-table.ts", "packages/atomics-layout/src/region.ts"];

interface Shared {
  readonly region: Region;
  readonly handle: RegionHandle;
  /** Claimed and declared dead, where a scenario starts with one. */
  readonly victim: number;
}

function setup(owners: number, prepare: (region: Region) => number = () => 0): Shared {
  const region = createRegion({ ...plan, owners });
  return { region, handle: region.handle, victim: prepare(region) };
}

function claimedAndDead(region: Region): number {
  const { id } = region.claimOwner("victim");
  region.declareDead(id);
  return id;
}

/** The table's place follows from the header; words 0 to 2 of each entry, and its journal, have names. */
function names({ region }: Shared): NamedRange[] {
  const { memory } = region;
  const byteOffset = region.ownerJournalIndex(0) * 4 - 64;
  const fields = { state: 0, thread: 4, lastSeen: 8, label: 32, journal: 64 };
  const entries: NamedRange = { memory, name: "owner", byteOffset, byteLength: 128 * 3, stride: 128, fields };
  return [entries, ...namesOfRegion(region, { records: 4 })];
}

interface Taker {
  readonly region: Region;
  readonly owner: Owner;
}

function attachTaker({ handle }: Shared): Taker {
  const region = attachRegion(handle, plan);
  return { region, owner: region.claimOwner("taker") };
}

/** Adds one to the word that counts repairs; a repair is not atomic, and two at once would lose an addition. */
function countRepair(region: Region): void {
  const word = region.section("records").byteOffset >>> 2;
  store(region.words, word, load(region.words, word) + 1);
}

const repairs = (region: Region): number => load(region.words, region.section("records").byteOffset >>> 2);

export default [
  defineScenario({
    name: "two threads claim one free entry: one has it",
    touches,
    setup: () => setup(1),
    names,
    threads: ["one", "two"].map((name) =>
      thread(
        name,
        ({ handle }: Shared) => attachRegion(handle, plan),
        (region) => {
          try {
            return region.claimOwner(name).id;
          } catch {
            return 0;
          }
        },
      ),
    ),
    check: ({ results, shared }) => {
      const ids = [...results.values()].filter((id) => id !== 0);
      if (ids.length !== 1) return `${ids.length} threads have the entry`;
      return shared.region.isOwnerAlive(ids[0] as number) ? undefined : "the claimed entry is not alive";
    },
  }),

  defineScenario({
    name: "claim, release and claim again: ids stay apart",
    touches,
    setup: () => setup(2),
    names,
    threads: ["one", "two"].map((name) =>
      thread(
        name,
        ({ handle }: Shared) => attachRegion(handle, plan),
        (region) => {
          const first = region.claimOwner();
          const aliveBefore = first.alive;
          const released = first.release();
          const second = region.claimOwner();
          return {
            ids: [first.id, second.id],
            aliveBefore,
            released,
            aliveAfter: region.isOwnerAlive(first.id),
          };
        },
      ),
    ),
    check: ({ results }) => {
      const all = [...results.values()] as {
        ids: number[];
        aliveBefore: boolean;
        released: boolean;
        aliveAfter: boolean;
      }[];
      const ids = all.flatMap((result) => result.ids);
      if (new Set(ids).size !== 4) return `an id was given out twice: ${ids.join()}`;
      if (!all.every((result) => result.aliveBefore && result.released))
        return "a living owner was not alive";
      return all.some((result) => result.aliveAfter) ? "an id is alive after its release" : undefined;
    },
  }),

  defineScenario({
    name: "a release races a declaration of death: one of them counts",
    touches,
    setup: () => setup(1),
    names,
    threads: [
      thread(
        "owner",
        ({ handle }: Shared) => attachRegion(handle, plan).claimOwner(),
        (owner) => owner.release(),
      ),
      thread(
        "supervisor",
        ({ handle }: Shared) => attachRegion(handle, plan),
        (region) => region.declareDead(region.owners()[0]?.id ?? 0x100),
      ),
    ],
    check: ({ results, shared }) => {
      const released = results.get("owner") === true;
      const declared = results.get("supervisor") === true;
      if (released === declared) return `released: ${released}, declared dead: ${declared}`;
      const states = shared.region.owners().map(({ state }) => state);
      return states.join() === (declared ? "dead" : "") ? undefined : `the table says ${states.join()}`;
    },
  }),

  defineScenario({
    name: "two threads declare one death: exactly one did",
    touches,
    setup: () => setup(1, (region) => region.claimOwner().id),
    names,
    threads: ["one", "two"].map((name) =>
      thread(
        name,
        ({ handle, victim }: Shared) => ({ region: attachRegion(handle, plan), victim }),
        ({ region, victim }) => region.declareDead(victim),
      ),
    ),
    check: ({ results }) => {
      const declared = [...results.values()].filter((result) => result === true).length;
      return declared === 1 ? undefined : `${declared} threads declared it`;
    },
  }),

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
    setup: () => setup(3, claimedAndDead),
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
    check: ({ shared, interrupted }, call) => {
      // Whoever lives looks again after the death was declared, as superviseWorker does.
      const region = attachRegion(shared.handle, plan);
      region.onOwnerDeath(() => {
        countRepair(region);
      });
      const left = region.owners().find(({ index }) => index === 2);
      if (left === undefined) return "the living taker lost its entry";
      call("repairDead", [], () => region.repairDead({ id: left.id } as Owner));
      const live = region.owners().map(({ state, index }) => `${index} ${state}`);
      const expected = interrupted === undefined ? "1 live,2 live" : "2 live";
      if (live.join() !== expected) return `the table says ${live.join()}`;
      return repairs(region) >= 1 ? undefined : "nobody repaired";
    },
  }),

  defineScenario({
    name: "an owner is killed while it claims, beats or releases: its entry comes back",
    touches,
    setup: () => setup(2),
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
      const taker = region.owners().find(({ index }) => index === 0)!;
      region.onOwnerDeath(() => {
        countRepair(region);
      });
      region.repairDead({ id: taker.id } as Owner);
      if (region.owners().length !== 1) return "an entry is lost";
      if (interrupted === undefined && repairs(region) > 0) return "a living owner was repaired";
      const claimed = region.claimOwner();
      return load(region.words, claimed.journalIndex) === 0 ? undefined : "a new owner has an old journal";
    },
  }),
] satisfies readonly Scenario[];

function repairWith({ region, owner }: Taker): number {
  region.onOwnerDeath(() => {
    countRepair(region);
  });
  return region.repairDead(owner);
}
