import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import type { ShardedMap } from "../src/index.ts";
import { shardOfHash } from "../src/index-segment.ts";
import { hashU32 } from "../src/tabulation.ts";
import { auditCapacity, auditMap, inGuard, memoryOf } from "../test/map-audit.ts";
import { dieIn } from "./edges.scenarios.ts";
import { keyOfShard } from "./keys.ts";
import { mapModel } from "./map-model.ts";
import { get, getOrInsert, remove } from "./operations.ts";
import { touches } from "./pairs.scenarios.ts";
import { attachPatient, attachUser, names, repairAfter, tinyMap } from "./tiny-map.ts";
import type { TinyMap, User } from "./tiny-map.ts";

function keyInShardAtCell({ map }: { map: ShardedMap }, shard: number, cell: number): number {
  const memory = memoryOf(map);
  for (let key = 1; ; key++) {
    const hash = hashU32(memory.tables, key);
    if (shardOfHash(memory, hash) === shard && (hash & memory.cellMask) === cell) return key;
  }
}

const insert = ({ map }: TinyMap, key: number): number => inGuard(map, () => map.getOrInsert(key));

const takeOver = (operation: "insert" | "remove"): Scenario =>
  defineScenario({
    name: `two threads find a shard locked by a dead ${operation}: one repairs it`,
    touches,
    setup: dieIn(operation, "after the ticket"),
    names,
    threads: [thread("one", attachPatient, getOrInsert(3)), thread("two", attachPatient, remove(1))],
    model: mapModel(2, operation === "insert" ? [1] : []),
    check: ({ shared }: { shared: TinyMap }, call) => {
      for (const key of [1, 2, 3]) get(key)(shared, call);
      shared.map.region.repairDead(
        (shared.map as unknown as { owner: Parameters<typeof shared.map.region.repairDead>[0] }).owner,
      );
      return auditMap(shared.map) ?? auditCapacity(shared.map, 10);
    },
  });

const contended = (name: string, one: typeof insertOne, two: typeof insertOne): Scenario =>
  defineScenario({
    name: `${name}, who waits for the lock gets it`,
    touches,
    setup: () => tinyMap([1], { capacity: 3 }),
    names,
    threads: [thread("one", attachPatient, one), thread("two", attachPatient, two)],
    model: mapModel(3, [1]),
    check: ({ shared }: { shared: TinyMap }, call) => {
      for (const key of [1, 2, 3]) get(key)(shared, call);
      return auditMap(shared.map) ?? auditCapacity(shared.map, 10);
    },
  });

const insertOne = getOrInsert(2);

export default [
  takeOver("insert"),
  takeOver("remove"),

  contended("two newcomers", insertOne, getOrInsert(3)),
  contended("a newcomer and a removal", insertOne, remove(1)),

  contended("a newcomer, and one that comes and goes", insertOne, (user, call) => {
    getOrInsert(3)(user, call);
    remove(3)(user, call);
  }),

  defineScenario({
    name: "one shard takes a slot of another's while that one's holder takes it, too",
    touches,
    setup: () => {
      // Shard 0 has used up its three slots of seven, and two tickets are left.
      const shared = tinyMap([], { capacity: 5, shards: 2, batch: 1 });
      for (const nth of [0, 1, 2]) insert(shared, keyOfShard(shared.map, 0, nth));
      return shared;
    },
    names,
    threads: [
      thread("of shard 0", attachPatient, (user) => insert(user, keyOfShard(user.map, 0, 3))),
      thread("of shard 1", attachPatient, (user) => insert(user, keyOfShard(user.map, 1))),
    ],
    check: ({ shared, results }: { shared: TinyMap; results: ReadonlyMap<string, unknown> }) => {
      const slots = [...results.values()] as number[];
      if (slots[0] === slots[1] && slots[0]! >= 0) return "two entries have one slot";
      return auditMap(shared.map) ?? auditCapacity(shared.map, 1_000);
    },
  }),

  defineScenario({
    name: "two crowded shards and one spare segment",
    touches,
    setup: () => {
      const shared = tinyMap([], { capacity: 3, shards: 2, batch: 3 });
      // Each shard gets an entry behind a tombstone.
      for (const shard of [0, 1]) {
        const first = keyInShardAtCell(shared, shard, 0);
        insert(shared, first);
        insert(shared, keyInShardAtCell(shared, shard, 1));
        shared.map.remove(first);
      }
      return shared;
    },
    names,
    threads: [0, 1].map((shard) =>
      thread(`of shard ${shard}`, attachUser, (user) => insert(user, keyInShardAtCell(user, shard, 3))),
    ),
    check: ({ shared, results }: { shared: TinyMap; results: ReadonlyMap<string, unknown> }) => {
      if (shared.map.stats().rebuilds < 1) return "nothing was rebuilt";
      for (const shard of [0, 1]) {
        if (!shared.map.has(keyInShardAtCell(shared, shard, 1))) return "an entry is lost";
        // There are three tickets: one of the two newcomers may have found none.
        const created = (results.get(`of shard ${shard}`) as number) >= 0;
        if (created !== shared.map.has(keyInShardAtCell(shared, shard, 3))) return "a newcomer is lost";
      }
      return auditMap(shared.map);
    },
  }),

  defineScenario({
    name: "two shards, one counter of tickets: one is killed in its step, the other goes on",
    touches,
    setup: () => tinyMap([], { capacity: 3, shards: 2, batch: 1 }),
    names,
    threads: [
      thread("worker 1", attachUser, (user) => insert(user, keyOfShard(user.map, 0))),
      thread("worker 2", attachUser, (user) => {
        return insert(user, keyOfShard(user.map, 1));
      }),
    ],
    interruption: "kill",
    interruptible: ["worker 1"],
    supervisor: supervisor(attachUser, (user: User, _call, killed) => {
      repairAfter(user, killed);
    }),
    check: ({ shared, results }: { shared: TinyMap; results: ReadonlyMap<string, unknown> }) => {
      if ((results.get("worker 2") as number) < 0) return "the other shard was held up";
      return auditMap(shared.map) ?? auditCapacity(shared.map, 1_000);
    },
  }),
] satisfies readonly Scenario[];
