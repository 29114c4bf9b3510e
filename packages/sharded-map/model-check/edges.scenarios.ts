import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario, SequentialModel } from "@udp-relay/model-check";
import { ABSENT, ShardedMap } from "../src/index.ts";
import { auditCapacity, auditMap, inGuard, memoryOf } from "../test/map-audit.ts";
import { touches } from "./pairs.scenarios.ts";
import { addressesThatLookAlike, endpoint, endpointKeys, keyOfShard, keysOfTwoShards } from "./keys.ts";
import { mapModel } from "./map-model.ts";
import { get, getOrInsert, rekey, remove } from "./operations.ts";
import { attachUser, names, repairAfter, tinyMap } from "./tiny-map.ts";
import type { TinyMap, User } from "./tiny-map.ts";

const repairing = supervisor(attachUser, (user: User, _call, killed) => {
  repairAfter(user, killed);
});

const twoShards = (): TinyMap => tinyMap([], { capacity: 3, shards: 2, batch: 1 });

/** One who dies after the given step of an insert or a removal, by an error that nobody catches: the shard stays locked. */
export function dieIn(
  operation: "insert" | "remove",
  step: "before the ticket" | "after the ticket",
): () => TinyMap {
  return () => {
    const shared = tinyMap([1]);
    const victim = ShardedMap.attach(shared.map.shared);
    const ops = memoryOf(victim).ops as { casPair: (...words: number[]) => number };
    const casPair = ops.casPair.bind(ops);
    ops.casPair = (...words) => {
      if (step === "after the ticket") casPair(...words);
      throw new Error("died");
    };
    const guard = victim.enter();
    try {
      if (operation === "insert") victim.getOrInsert(2);
      else victim.remove(1);
    } catch {
      // Dead.
    }
    guard.leave();
    ops.casPair = casPair;
    const { owner } = victim as unknown as { owner: { id: number } };
    shared.map.region.declareDead(owner.id);
    return shared;
  };
}

const tinyEndpoints = (): TinyMap => tinyMap([1], { key: "endpoint", batch: 1 }, endpointKeys);

const half = (operation: "insert" | "remove", step: "before the ticket" | "after the ticket"): Scenario =>
  defineScenario({
    name: `whoever takes over a shard is killed: the ${operation} died ${step}`,
    touches,
    setup: dieIn(operation, step),
    names,
    // Entry 1 of the owners' table is the victim's until it is repaired, so this one's number is 2.
    threads: [thread("worker 2", attachUser, (user) => user.map.remove(9))],
    interruption: "kill",
    supervisor: repairing,
    check: ({ shared }: { shared: TinyMap }) => {
      const { map } = shared;
      map.region.repairDead((map as unknown as { owner: Parameters<typeof map.region.repairDead>[0] }).owner);
      if (map.has(2)) return "an insert that was never finished took effect";
      if (map.has(1) !== (operation === "insert")) return `key 1 is there: ${map.has(1)}`;
      return auditMap(map) ?? auditCapacity(map, 10);
    },
  });

/** A change of key may also be answered BUSY because the copy of the one before rests. */
function resting(model: SequentialModel<unknown>): SequentialModel<unknown> {
  return {
    ...model,
    apply: (state, call, overlapping) => [
      ...model.apply(state, call, overlapping),
      ...(call.name === "rekey" ? [{ state, result: "BUSY" }] : []),
    ],
  };
}

/** Whoever comes second finds the entry under a key that it did not expect. */
function twoChanges(where: string, setup: () => TinyMap, model = mapModel(2, [1])): Scenario {
  return defineScenario({
    name: `two changes of one entry's key, to different ones, ${where}`,
    touches,
    setup,
    names,
    threads: [2, 3].map((key, index) => thread(`worker ${index + 1}`, attachUser, rekey(key, "initial 1"))),
    model,
    check: ({ shared }: { shared: TinyMap }, call) => {
      for (const key of [1, 2, 3]) get(key)(shared, call);
      return auditMap(shared.map) ?? auditCapacity(shared.map, 10);
    },
  });
}

export default [
  defineScenario({
    name: "a full map: a newcomer and a removal, killed anywhere",
    touches,
    setup: () => tinyMap([1], { capacity: 1 }),
    names,
    threads: [thread("worker 1", attachUser, getOrInsert(2)), thread("worker 2", attachUser, remove(1))],
    interruption: "kill",
    long: true,
    limits: { milliseconds: 1_200_000, states: 5_000_000 },
    supervisor: repairing,
    model: mapModel(1, [1]),
    check: ({ shared }: { shared: TinyMap }, call) => {
      for (const key of [1, 2]) get(key)(shared, call);
      return auditMap(shared.map) ?? auditCapacity(shared.map, 10);
    },
  }),

  defineScenario({
    name: "a full map: two newcomers and one ticket",
    touches,
    setup: () => tinyMap([], { capacity: 1 }),
    names,
    threads: [thread("worker 1", attachUser, getOrInsert(1)), thread("worker 2", attachUser, getOrInsert(2))],
    model: mapModel(1, []),
    check: ({ shared }: { shared: TinyMap }, call) => {
      for (const key of [1, 2]) get(key)(shared, call);
      return auditMap(shared.map) ?? auditCapacity(shared.map, 10);
    },
  }),

  defineScenario({
    name: "a shard out of slots takes one of the other's, killed anywhere",
    touches,
    setup: () => {
      // Shard 0 has two slots of five, and three entries.
      const shared = twoShards();
      const guard = shared.map.enter();
      for (const nth of [0, 1]) shared.map.getOrInsert(keyOfShard(shared.map, 0, nth));
      guard.leave();
      return shared;
    },
    names,
    threads: [
      thread("worker 1", attachUser, (user) => {
        const key = keyOfShard(user.map, 0, 2);
        const guard = user.map.enter();
        const slot = user.map.getOrInsert(key);
        guard.leave();
        return slot;
      }),
    ],
    interruption: "kill",
    supervisor: repairing,
    check: ({ shared, results }: { shared: TinyMap; results: ReadonlyMap<string, unknown> }) => {
      if (results.has("worker 1") && (results.get("worker 1") as number) < 0)
        return "refused, though there were slots";
      return auditMap(shared.map) ?? auditCapacity(shared.map, 1000);
    },
  }),

  defineScenario({
    name: "two shards out of slots look at each other",
    touches,
    setup: twoShards,
    names,
    threads: [0, 1].map((shard) =>
      thread(`worker ${shard + 1}`, attachUser, (user) => {
        const guard = user.map.enter();
        user.map.getOrInsert(keyOfShard(user.map, shard));
        guard.leave();
      }),
    ),
    check: ({ shared }: { shared: TinyMap }) => auditMap(shared.map) ?? auditCapacity(shared.map, 1000),
  }),

  defineScenario({
    name: "an endpoint changes: it is found under one of its keys, and under no mixture",
    touches,
    setup: tinyEndpoints,
    names,
    threads: [
      thread("reader", attachUser, ({ map }) =>
        [endpoint(1, 1), endpoint(2, 2), endpoint(1, 2), endpoint(2, 1)].map((key) => map.hasEndpoint(key)),
      ),
      thread("worker 2", attachUser, (user) => user.map.rekeyEndpoint(user.handle, endpoint(2, 2))),
    ],
    interruption: "kill",
    interruptible: ["worker 2"],
    supervisor: repairing,
    check: ({ shared, results }: { shared: TinyMap; results: ReadonlyMap<string, unknown> }) => {
      const { map } = shared;
      const seen = results.get("reader") as boolean[];
      if (seen[2] === true || seen[3] === true) return "a mixture of both keys was found";
      // The old key first: an entry that has left it has arrived at the new one.
      if (seen[0] === false && seen[1] === false) return "the entry was found under neither key";
      const now = [map.hasEndpoint(endpoint(1, 1)), map.hasEndpoint(endpoint(2, 2))];
      if (now.filter(Boolean).length !== 1) return `the entry has ${now.filter(Boolean).length} keys`;
      return auditMap(map);
    },
  }),

  twoChanges("in one shard", () => tinyMap([1])),
  twoChanges("between two shards", () => tinyMap([1], { shards: 2, batch: 1 }, keysOfTwoShards)),
  twoChanges("of an endpoint", tinyEndpoints, resting(mapModel(2, [1]))),

  defineScenario({
    name: "an endpoint's change of key, killed anywhere, and another one after it, while somebody reads it by its slot",
    touches,
    setup: tinyEndpoints,
    names,
    threads: [
      thread("reader", attachUser, ({ map, handle }) =>
        inGuard(map, () => endpointKeys.of(map, map.resolve(handle))),
      ),
      thread("worker 2", attachUser, ({ map, handle }) => map.rekeyEndpoint(handle, endpoint(2))),
    ],
    interruption: "kill",
    interruptible: ["worker 2"],
    supervisor: supervisor(attachUser, (user: User, _call, killed) => {
      repairAfter(user, killed);
      user.map.rekeyEndpoint(user.handle, endpoint(3));
    }),
    check: ({ shared, results }) => {
      const found = results.get("reader");
      return [1, 2, 3].includes(found as number) ? auditMap(shared.map) : `it was read as ${String(found)}`;
    },
  }),

  defineScenario<TinyMap & { readonly alike: readonly [number, number] }>({
    name: "two endpoints whose words look alike: both have entries, and each goes alone",
    touches,
    setup: () => {
      const { map, handle } = tinyMap([], { key: "endpoint", batch: 1 });
      const alike = addressesThatLookAlike(map);
      inGuard(map, () => map.insertEndpoint(endpoint(alike[0], 1)));
      return { map, handle, alike };
    },
    names,
    threads: [
      thread(
        "writer",
        (shared: TinyMap & { readonly alike: readonly [number, number] }) => ({
          ...shared,
          ...attachUser(shared),
        }),
        ({ map, alike: [one, two] }) =>
          [
            inGuard(map, () => map.insertEndpoint(endpoint(two, 1))) >= 0,
            map.removeEndpoint(endpoint(one, 1)) >= 0,
            map.removeEndpoint(endpoint(one, 1)),
          ].join(),
      ),
    ],
    check: ({ shared: { map, alike }, results }) => {
      if (results.get("writer") !== `true,true,${ABSENT}`) return String(results.get("writer"));
      const [one, two] = alike.map((address) => map.hasEndpoint(endpoint(address, 1)));
      return one === true || two === false ? "the wrong one went" : auditMap(map);
    },
  }),

  half("insert", "before the ticket"),
  half("insert", "after the ticket"),
  half("remove", "before the ticket"),
  half("remove", "after the ticket"),
] satisfies readonly Scenario[];
