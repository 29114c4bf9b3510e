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
  return { region, handle: region.shared, victim: prepare(region) };
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
  const entries: NamedRange = { memory, name: "owner", byteOffset, byteLength: 128 * 4, stride: 128, fields };
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
    name: "a thread's death is declared twice, by its id and by its owner's: exactly one did",
    touches,
    setup: () => setup(1, (region) => region.claimOwner().id),
    names,
    threads: [
      thread(
        "by thread",
        ({ handle }: Shared) => attachRegion(handle, plan),
        (region) => region.declareThreadDead(1) + region.declareThreadDead(0),
      ),
      thread(
        "by owner",
        ({ handle, victim }: Shared) => ({ region: attachRegion(handle, plan), victim }),
        ({ region, victim }) => (region.declareDead(victim) ? 1 : 0),
      ),
    ],
    check: ({ results }) => {
      const declared = (results.get("by thread") as number) + (results.get("by owner") as number);
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
    name: "a second release leaves the entry's next owner alone",
    touches,
    setup: () => setup(1),
    names,
    threads: [
      thread(
        "first",
        ({ handle }: Shared) => attachRegion(handle, plan).claimOwner("first"),
        (owner) => [owner.release(), owner.release(), owner.beat(9)],
      ),
      thread(
        "next",
        ({ handle }: Shared) => attachRegion(handle, plan),
        (region) => {
          const owner = claimOrNothing(region);
          if (owner === undefined) return undefined;
          owner.beat(5);
          store(region.words, owner.journalIndex, 1);
          return owner.alive;
        },
      ),
    ],
    check: ({ results, shared: { region } }) => {
      if (String(results.get("first")) !== "true,false,false")
        return `released: ${String(results.get("first"))}`;
      if (results.get("next") === undefined) return undefined;
      const [owner] = region.owners();
      if (results.get("next") !== true || owner?.state !== "live") return "the next owner is not alive";
      if (owner.label !== "next" || owner.lastSeenTick !== 5)
        return `the entry says ${JSON.stringify(owner)}`;
      return load(region.words, owner.index * 32 + region.ownerJournalIndex(0)) === 1
        ? undefined
        : "its journal is gone";
    },
  }),

  meeting(
    "a death is declared",
    (region, victim) => region.declareDead(victim),
    (region, victim) => !region.isOwnerAlive(victim) && region.owners()[0]!.state === "dead",
  ),
  meeting(
    "an owner beats",
    (_region, _victim, owner) => owner.beat(7),
    (region, _victim, taker) =>
      region.ownerLastSeenTick(taker) === 7 && region.owners()[1]!.lastSeenTick === 7,
  ),
  meeting(
    "an entry is released and claimed again",
    (region, _victim, owner) => owner.release() && region.claimOwner().id,
    (region, _victim, taker) => {
      const again = region.owners().find(({ index }) => index === 1);
      return again !== undefined && again.id !== taker && again.threadId === 0;
    },
  ),

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
] satisfies readonly Scenario[];

/**
 * One thread acts and looks for the other's announcement, the other announces and looks at the table: at least one of
 * the two sees the other. It is what the table's atomic reads are for: plain ones may both be too early.
 */
function meeting(
  name: string,
  act: (region: Region, victim: number, owner: Owner) => unknown,
  look: (region: Region, victim: number, actor: number) => boolean,
): Scenario {
  const announcement = (region: Region): number => (region.section("records").byteOffset >>> 2) + 1;
  return defineScenario<Shared>({
    name: `${name} while another announces itself: one of them sees the other`,
    touches,
    setup: () => setup(3, (region) => region.claimOwner("victim").id),
    names,
    threads: [
      thread("actor", attachTaker, ({ region, owner }) => {
        act(region, region.owners()[0]!.id, owner);
        return load(region.words, announcement(region)) === 1;
      }),
      thread(
        "announcer",
        ({ handle, victim }: Shared) => ({ region: attachRegion(handle, plan), victim }),
        ({ region, victim }) => {
          store(region.words, announcement(region), 1);
          return look(region, victim, (1 << 8) | 1);
        },
      ),
    ],
    check: ({ results }) =>
      results.get("actor") === true || results.get("announcer") === true
        ? undefined
        : "neither sees the other",
  });
}

function claimOrNothing(region: Region): Owner | undefined {
  try {
    return region.claimOwner("next");
  } catch {
    return undefined;
  }
}

function repairWith({ region, owner }: Taker): number {
  region.onOwnerDeath(() => {
    countRepair(region);
  });
  return region.repairDead(owner);
}
