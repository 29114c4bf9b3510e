import { defineScenario, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { load, store } from "@udp-relay/atomics-layout/memory";
import { attachRegion } from "@udp-relay/atomics-layout";
import type { Owner, Region } from "@udp-relay/atomics-layout";
import { attachTaker, names, plan, setup, touches } from "./owned-region.ts";
import type { Shared } from "./owned-region.ts";

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
