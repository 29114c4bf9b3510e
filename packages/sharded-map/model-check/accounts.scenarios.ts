import { defineScenario, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { load } from "@udp-relay/atomics-layout/memory";
import { guardEntries } from "../src/guards.ts";
import { ABSENT, BUSY, ShardedMap } from "../src/index.ts";
import { shardAt } from "../src/map-memory.ts";
import { hashU32 } from "../src/tabulation.ts";
import { closeTicket, settleTicket, takeTicket, ticketsOut } from "../src/tickets.ts";
import { auditCapacity, auditMap, inGuard, memoryOf } from "../test/map-audit.ts";
import { endpoint, keyOfShard } from "./keys.ts";
import { attachUser, names, tinyMap } from "./tiny-map.ts";
import type { TinyMap } from "./tiny-map.ts";

/** What is counted and answered beside the entries: small scenarios, each of a single file's promise. */
const source = (...files: string[]): string[] => files.map((name) => `packages/sharded-map/src/${name}.ts`);

const insert = (map: ShardedMap, key: number): number => inGuard(map, () => map.insert(key));

function take(map: ShardedMap, shard: number): void {
  const memory = memoryOf(map);
  takeTicket(memory, shard, shardAt(memory, shard));
}

type LookAlikes = TinyMap & { readonly one: number; readonly two: number };

/** Two keys whose index words differ in the slot alone and begin at the same cell, of the map's only shard. */
function lookAlikes(map: ShardedMap): readonly [number, number] {
  const memory = memoryOf(map);
  const seen = new Map<number, number>();
  for (let key = 1; ; key++) {
    const hash = hashU32(memory.tables, key);
    const word = (hash & memory.tagMask) | (hash & memory.cellMask);
    const other = seen.get(word);
    if (other !== undefined) return [other, key];
    seen.set(word, key);
  }
}

/** Somebody stands still in an insert of that key, with its shard's lock. */
function standInLock(map: ShardedMap, key: number): void {
  const stopped = ShardedMap.attach(map.shared);
  const guard = stopped.enter();
  const ops = memoryOf(stopped).ops as { casPair: (...words: number[]) => number };
  const { casPair } = ops;
  ops.casPair = () => {
    throw new Error("stands still");
  };
  try {
    stopped.insert(key);
  } catch {
    // It holds the lock from here on.
  }
  ops.casPair = casPair;
  guard.leave();
}

export default [
  defineScenario({
    name: "two threads attach at once: the guards of both are looked at",
    touches: source("guards", "sharded-map"),
    setup: () => tinyMap([]),
    names,
    threads: ["one", "two"].map((name) =>
      thread(
        name,
        (shared: TinyMap) => shared,
        (shared) => {
          const { map } = attachUser(shared);
          map.enter();
          return memoryOf(map).guardAt;
        },
      ),
    ),
    check: ({ shared, results }) => {
      const memory = memoryOf(shared.map);
      const looked = load(memory.words, memory.ownersHighAt);
      const last = memory.guardsAt + (looked - 1) * 16;
      const unseen = [...results.values()].some((at) => (at as number) > last);
      return unseen ? `of ${looked} owners' guards are looked at, not of all` : undefined;
    },
  }),

  defineScenario({
    name: "a guard is counted, and gone once it is left",
    touches: source("guards"),
    setup: () => tinyMap([]),
    names,
    threads: [
      thread("one", attachUser, ({ map }) => {
        map.enter().leave();
        map.enter().leave();
        map.enter();
      }),
      thread("two", attachUser, ({ map }) => {
        map.enter().leave();
      }),
    ],
    check: ({ shared }) => {
      const counts = [1, 2].map((index) => guardEntries(memoryOf(shared.map), index)).join();
      return counts === "3,0" ? undefined : `the guards are ${counts}`;
    },
  }),

  defineScenario({
    name: "nobody is in a guard any more: no newcomer is refused",
    touches: source("guards", "free-slots"),
    setup: () => tinyMap([1], { capacity: 1, batch: 1 }),
    names,
    threads: [
      thread("one", attachUser, ({ map }) => map.has(1)),
      thread("two", attachUser, ({ map }) => map.has(1)),
    ],
    check: ({ shared: { map } }) => {
      map.remove(1);
      for (const key of [2, 3, 4]) {
        if (insert(map, key) < 0) return `key ${key} was refused`;
        map.remove(key);
      }
      return auditMap(map);
    },
  }),

  defineScenario<LookAlikes>({
    name: "two keys whose words look alike: an absent one is not found in the other's slot",
    touches: source("map-lookups", "index-segment", "identity", "insert-entry"),
    // A lookup goes from a word to its slot.
    dependentLoads: true,
    setup: () => {
      const shared = tinyMap([], { capacity: 1, batch: 1 });
      const { map } = shared;
      const [one, two] = lookAlikes(map);
      // Both slots have had the first key, so that the second comes to one that has.
      for (let life = 0; life < 2; life++) {
        insert(map, one);
        map.remove(one);
      }
      return { ...shared, one, two };
    },
    names,
    threads: [
      thread(
        "reader",
        (shared: LookAlikes) => ({ ...shared, ...attachUser(shared) }),
        ({ map, one }) => map.has(one),
      ),
      thread(
        "writer",
        (shared: LookAlikes) => ({ ...shared, ...attachUser(shared) }),
        ({ map, two }) => insert(map, two),
      ),
    ],
    check: ({ shared: { map, one, two }, results }) => {
      if (results.get("reader") === true) return "an absent key was found";
      if ((results.get("writer") as number) < 0 || !map.has(two)) return "the newcomer is lost";
      if (map.has(one)) return "the absent key is there";
      return auditMap(map);
    },
  }),

  defineScenario<LookAlikes>({
    name: "two keys whose words look alike: both have entries, and each goes alone",
    touches: source("index-segment", "identity", "insert-entry", "remove-entry"),
    setup: () => {
      const shared = tinyMap([]);
      const [one, two] = lookAlikes(shared.map);
      insert(shared.map, one);
      return { ...shared, one, two };
    },
    names,
    threads: [
      thread(
        "writer",
        (shared: LookAlikes) => ({ ...shared, ...attachUser(shared) }),
        ({ map, one, two }) => [insert(map, two) >= 0, map.remove(one) >= 0, map.remove(one)].join(),
      ),
    ],
    check: ({ shared: { map, one, two }, results }) => {
      if (results.get("writer") !== `true,true,${ABSENT}`) return String(results.get("writer"));
      if (map.has(one) || !map.has(two)) return "the wrong one went";
      return auditMap(map) ?? auditCapacity(map, 1_000_000);
    },
  }),

  defineScenario({
    name: "a shard whose holder stands still: BUSY is answered, and counted",
    touches: source("shard-lock", "insert-entry", "free-slots"),
    setup: () => {
      const shared = tinyMap([], { capacity: 3, shards: 2, batch: 1 });
      const { map } = shared;
      // Shard 0 has used up its two slots; of shard 1's, in whose lock somebody stands, there are some.
      for (const nth of [0, 1]) insert(map, keyOfShard(map, 0, nth));
      standInLock(map, keyOfShard(map, 1));
      return shared;
    },
    names,
    threads: [
      thread("of shard 0", attachUser, ({ map }) => insert(map, keyOfShard(map, 0, 2))),
      thread("of shard 1", attachUser, ({ map }) => insert(map, keyOfShard(map, 1, 1))),
    ],
    check: ({ shared: { map }, results }) => {
      if ([...results.values()].some((slot) => slot !== BUSY)) return [...results.values()].join();
      const { busy, size } = map.stats();
      if (size !== 2) return `${size} tickets are out`;
      return busy === 2 ? undefined : `${busy} of 2 were counted`;
    },
  }),

  defineScenario({
    name: "a key's copy that rests: BUSY is answered, and counted",
    touches: source("rekey-entry", "identity"),
    setup: () => tinyMap([], { key: "endpoint", batch: 1 }),
    names,
    threads: [
      thread("one", attachUser, ({ map }) => {
        const guard = map.enter();
        const handle = map.handle(map.insertEndpoint(endpoint(1)));
        // The second change comes in the guard in which the first one's old key could still be read.
        const outcomes = [2, 3].map((port) => map.rekeyEndpoint(handle, endpoint(port)));
        guard.leave();
        return [...outcomes, map.rekeyEndpoint(handle, endpoint(4)), map.stats().busy].join();
      }),
    ],
    check: ({ shared, results }) =>
      results.get("one") === `0,${BUSY},0,1` ? auditMap(shared.map) : String(results.get("one")),
  }),

  defineScenario({
    name: "a slot taken from another shard is counted",
    touches: source("free-slots"),
    setup: () => {
      const shared = tinyMap([], { capacity: 3, shards: 2, batch: 1 });
      for (const nth of [0, 1]) insert(shared.map, keyOfShard(shared.map, 0, nth));
      return shared;
    },
    names,
    threads: [thread("of shard 0", attachUser, ({ map }) => insert(map, keyOfShard(map, 0, 2)))],
    check: ({ shared: { map } }) => {
      const { shards } = map.stats();
      const steals = shards.map((shard) => shard.steals).join();
      return steals === "1,0" ? auditMap(map) : `slots taken: ${steals}`;
    },
  }),

  defineScenario({
    name: "three shards step at once: of each it is known whether its step happened",
    touches: source("tickets"),
    setup: () => {
      const shared = tinyMap([], { capacity: 4, shards: 4, batch: 1 });
      take(shared.map, 0);
      return shared;
    },
    names,
    threads: [
      thread("of shard 0", attachUser, ({ map }) => {
        const memory = memoryOf(map);
        closeTicket(memory, shardAt(memory, 0));
        // Whoever holds the shard may die here: its second step is still open.
        take(map, 0);
      }),
      ...[1, 2].map((shard) =>
        thread(`of shard ${shard}`, attachUser, ({ map }) => {
          take(map, shard);
        }),
      ),
    ],
    check: ({ shared: { map } }) => {
      const memory = memoryOf(map);
      const out = ticketsOut(memory);
      if (out !== 4) return `${out} tickets are out after 4 steps`;
      settleTicket(memory, 0, false);
      const left = ticketsOut(memory);
      return left === 3 ? undefined : `${left} tickets are out after one was given back`;
    },
  }),
] satisfies readonly Scenario[];
