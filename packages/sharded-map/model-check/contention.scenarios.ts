import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { ShardedMap } from "../src/index.ts";
import type { EndpointWords } from "../src/index.ts";
import { shardOfHash } from "../src/index-segment.ts";
import { hashU32 } from "../src/tabulation.ts";
import { auditCapacity, auditMap, memoryOf } from "../test/map-audit.ts";
import { dieIn } from "./edges.scenarios.ts";
import { touches } from "./pairs.scenarios.ts";
import { attachUser, get, getOrInsert, names, remove, repairAfter, tinyMap } from "./tiny-map.ts";
import type { TinyMap, User } from "./tiny-map.ts";
import { u32MapModel } from "./u32-map-model.ts";

/** A writer that looks three times at a held lock, and at the guards. */
function attachPatient({ map, handle }: TinyMap): User {
  const patience = { lockSpins: 3, restSpins: 3 };
  return { map: ShardedMap.attach(map.shared, { patience }), handle };
}

function keyOfShard({ map }: { map: ShardedMap }, shard: number, nth = 0): number {
  const memory = memoryOf(map);
  let left = nth;
  for (let key = 1; ; key++) {
    if (shardOfHash(memory, hashU32(memory.tables, key)) === shard && left-- === 0) return key;
  }
}

function keyInShardAtCell({ map }: { map: ShardedMap }, shard: number, cell: number): number {
  const memory = memoryOf(map);
  for (let key = 1; ; key++) {
    const hash = hashU32(memory.tables, key);
    if (shardOfHash(memory, hash) === shard && (hash & memory.cellMask) === cell) return key;
  }
}

const endpoint = (a3: number, port: number): EndpointWords => ({
  a0: 0,
  a1: 0,
  a2: 0xffff,
  a3,
  port,
  zone: 0,
});

function keysAtCell({ map }: { map: ShardedMap }, cell: number, count: number): number[] {
  const memory = memoryOf(map);
  const keys: number[] = [];
  for (let key = 1; keys.length < count; key++) {
    if ((hashU32(memory.tables, key) & memory.cellMask) === cell) keys.push(key);
  }
  return keys;
}

const insert = ({ map }: { map: ShardedMap }, key: number): number => {
  const guard = map.enter();
  const slot = map.getOrInsert(key);
  guard.leave();
  return slot;
};

/** Each brings a tombstone behind it: four times and a segment of eight cells is crowded again. */
function leaveTombstones(user: { map: ShardedMap }, from: number, cells: number): number {
  let last = keysAtCell(user, from, 1)[0]!;
  insert(user, last);
  for (let cell = from + 1; cell < from + cells; cell++) {
    const next = keysAtCell(user, cell & memoryOf(user.map).cellMask, 1)[0]!;
    insert(user, next);
    user.map.remove(last);
    last = next;
  }
  return last;
}

const takeOver = (operation: "insert" | "remove"): Scenario =>
  defineScenario({
    name: `two threads find a shard locked by a dead ${operation}: one repairs it`,
    touches,
    setup: dieIn(operation, "after the ticket"),
    names,
    threads: [thread("one", attachPatient, getOrInsert(3)), thread("two", attachPatient, remove(1))],
    model: u32MapModel(2, operation === "insert" ? [1] : []),
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
    model: u32MapModel(3, [1]),
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
      for (const nth of [0, 1, 2]) insert(shared, keyOfShard(shared, 0, nth));
      return shared;
    },
    names,
    threads: [
      thread("of shard 0", attachPatient, (user) => insert(user, keyOfShard(user, 0, 3))),
      thread("of shard 1", attachPatient, (user) => insert(user, keyOfShard(user, 1))),
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
    name: "a u32 key changes: the entry is found under one of its keys",
    touches,
    setup: () => tinyMap([1]),
    names,
    threads: [
      thread("reader", attachUser, ({ map }) => [map.has(1), map.has(2)].join()),
      thread("writer", attachUser, ({ map, handle }) => map.rekey(handle, 2)),
    ],
    // The old key first: an entry that has left it has arrived at the new one.
    check: ({ results, shared }: { shared: TinyMap; results: ReadonlyMap<string, unknown> }) =>
      results.get("reader") === "false,false" ? "found under neither key" : auditMap(shared.map),
  }),

  defineScenario({
    name: "an endpoint changes twice while somebody compares its words",
    touches,
    dependentLoads: true,
    setup: () => {
      const shared = tinyMap([], { key: "endpoint", batch: 1 });
      const guard = shared.map.enter();
      const handle = shared.map.handle(shared.map.getOrInsertEndpoint(endpoint(1, 1)));
      guard.leave();
      return { ...shared, handle };
    },
    names,
    threads: [
      thread("reader", attachUser, ({ map }) => map.hasEndpoint(endpoint(1, 3))),
      thread("writer", attachUser, ({ map, handle }) => [
        map.rekeyEndpoint(handle, endpoint(2, 2)),
        map.rekeyEndpoint(handle, endpoint(3, 3)),
      ]),
    ],
    check: ({ results, shared }: { shared: TinyMap; results: ReadonlyMap<string, unknown> }) =>
      results.get("reader") === true ? "a mixture of two keys was found" : auditMap(shared.map),
  }),

  defineScenario({
    name: "a thread attaches and reads while slots are used again",
    touches,
    dependentLoads: true,
    setup: () => {
      const shared = tinyMap([], { capacity: 1, batch: 1, recordBytes: 4, owners: 4 });
      insert(shared, 1);
      return shared;
    },
    names,
    threads: [
      thread(
        "newcomer",
        (shared: TinyMap) => shared,
        (shared) => {
          const { map } = attachUser(shared);
          const guard = map.enter();
          const slot = map.get(1);
          const found = slot < 0 ? undefined : map.keyOf(slot);
          guard.leave();
          return found;
        },
      ),
      thread("writer", attachUser, (user) => {
        user.map.remove(1);
        insert(user, 2);
        user.map.remove(2);
        return insert(user, 3);
      }),
    ],
    check: ({ results, shared }: { shared: TinyMap; results: ReadonlyMap<string, unknown> }) => {
      const found = results.get("newcomer");
      return found === undefined || found === 1
        ? auditMap(shared.map)
        : `its guard's slot had the key ${found as number}`;
    },
  }),

  defineScenario({
    name: "a slot's next record is zero",
    touches,
    setup: () => tinyMap([], { capacity: 1, batch: 1, recordBytes: 8 }),
    names,
    threads: [
      thread("one", attachUser, (user) => {
        const at = user.map.region.section("records").byteOffset >>> 2;
        const sums: number[] = [];
        for (const key of [1, 2, 3]) {
          const slot = insert(user, key);
          if (slot < 0) return `refused: ${slot}`;
          for (const word of [0, 1]) {
            sums.push(peek(user.map.region.words, at + slot * 2 + word));
            poke(user.map.region.words, at + slot * 2 + word, 9);
          }
          user.map.remove(key);
        }
        return sums.join();
      }),
      thread("two", attachUser, ({ map }) => map.has(1)),
    ],
    check: ({ results }) =>
      /^(0,)*0$|^refused/.test(String(results.get("one"))) ? undefined : String(results.get("one")),
  }),

  defineScenario({
    name: "two shards, one counter of tickets: one is killed in its step, the other goes on",
    touches,
    setup: () => tinyMap([], { capacity: 3, shards: 2, batch: 1 }),
    names,
    threads: [
      thread("worker 1", attachUser, (user) => insert(user, keyOfShard(user, 0))),
      thread("worker 2", attachUser, (user) => {
        return insert(user, keyOfShard(user, 1));
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

  defineScenario({
    name: "a reader in a guard while the segment that it reads is replaced twice",
    touches,
    // A lookup goes from the selector to the segment's words, and from a word to its slot.
    dependentLoads: true,
    setup: () => {
      const shared = tinyMap([], { capacity: 3, batch: 4 });
      const key = leaveTombstones(shared, 2, 4);
      return { ...shared, key };
    },
    names,
    threads: [
      thread(
        "reader",
        (shared: TinyMap & { key: number }) => ({ ...attachUser(shared), key: shared.key }),
        ({ map, key }) => {
          const guard = map.enter();
          const found = [map.get(key) >= 0, map.get(key) >= 0];
          guard.leave();
          return found.join();
        },
      ),
      thread("writer", attachUser, (user) => {
        // The first insert rebuilds; the others crowd the new segment, and the last would rebuild into the old one.
        const last = leaveTombstones(user, 6, 4);
        user.map.remove(last);
        insert(user, 3_000);
      }),
    ],
    check: ({ shared, results }) =>
      results.get("reader") === "true,true"
        ? auditMap(shared.map)
        : `an entry was found: ${String(results.get("reader"))}`,
  }),

  defineScenario({
    name: "a slot rests while somebody's guard stands, and is waited for",
    touches,
    setup: () => {
      const shared = tinyMap([], { capacity: 1, batch: 1 });
      // Both slots have been used: the newcomer needs the one that key 2 leaves.
      for (const key of [3, 4]) {
        insert(shared, key);
        shared.map.remove(key);
      }
      insert(shared, 1);
      return shared;
    },
    names,
    threads: [
      thread("reader", attachUser, ({ map }) => {
        const guard = map.enter();
        const slot = map.get(1);
        const found = slot < 0 ? "none" : `${map.keyOf(slot)}`;
        guard.leave();
        return found;
      }),
      thread("writer", attachPatient, (user) => {
        user.map.remove(1);
        const outcomes = [insert(user, 2) >= 0];
        user.map.remove(2);
        outcomes.push(insert(user, 5) >= 0);
        return outcomes.join();
      }),
    ],
    check: ({ shared, results }) => {
      const found = results.get("reader");
      if (found !== "none" && found !== "1") return `a guard's slot had the key ${String(found)}`;
      return auditMap(shared.map);
    },
  }),
] satisfies readonly Scenario[];
