import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { controlAt, MAX_GENERATION } from "../src/identity.ts";
import { RETIRED, shardAt, USED } from "../src/map-memory.ts";
import { hashU32 } from "../src/tabulation.ts";
import { auditCapacity, auditMap, memoryOf } from "../test/map-audit.ts";
import { touches } from "./pairs.scenarios.ts";
import { mapModel } from "./map-model.ts";
import { get, getOrInsert, remove } from "./operations.ts";
import type { Operation } from "./operations.ts";
import { attachUser, names, repairAfter, tinyMap } from "./tiny-map.ts";
import type { TinyMap, User } from "./tiny-map.ts";

/**
 * One writer, killed at any step, in every state that a shard can be in: what `repairShard` finds. The entries are few
 * and nobody else writes, so that each of these takes little.
 */
interface Case {
  readonly name: string;
  /** Brings the empty map into the state, and says which keys it has then. */
  readonly prepare: (shared: TinyMap) => readonly number[];
  readonly operations: Readonly<Record<string, Operation>>;
  /** Not killed: how often a slot was retired is counted twice if the thread dies right after it counted. */
  readonly spared?: true;
}

const insert = (map: TinyMap["map"], key: number): void => {
  const guard = map.enter();
  map.getOrInsert(key);
  guard.leave();
};

/** Uses up the slots that were never used: after it all four are on the list. */
function churn({ map }: TinyMap): void {
  for (let key = 50; key < 54; key++) {
    insert(map, key);
    map.remove(key);
  }
}

/** The first key whose word would go to that cell of the only shard. */
function keyAtCell({ map }: TinyMap, cell: number, except: readonly number[] = []): number {
  const memory = memoryOf(map);
  for (let key = 1; ; key++) {
    if ((hashU32(memory.tables, key) & memory.cellMask) === cell && !except.includes(key)) return key;
  }
}

/** Leaves three tombstones and an entry behind them in a segment of eight cells: the next insert rebuilds it. */
function crowd(shared: TinyMap, from = 2): readonly number[] {
  const { map } = shared;
  let last = keyAtCell(shared, from);
  insert(map, last);
  for (let cell = from + 1; cell < from + 4; cell++) {
    const next = keyAtCell(shared, cell & memoryOf(map).cellMask);
    insert(map, next);
    map.remove(last);
    last = next;
  }
  return [last];
}

/** Somebody's guard stands while a slot is removed and another is looked for: it is waited for from then on. */
function holdBack({ map }: TinyMap): void {
  const guard = map.enter();
  insert(map, 60);
  map.remove(60);
  insert(map, 61);
  guard.leave();
  map.remove(61);
}

const nothing = (): readonly number[] => [];

const cases: readonly Case[] = [
  {
    name: "unused slots",
    prepare: nothing,
    operations: { insert: getOrInsert(1) },
  },
  {
    name: "all slots rest",
    prepare: (shared) => {
      churn(shared);
      return [];
    },
    operations: { insert: getOrInsert(1) },
  },
  {
    name: "slots on the list, one entry",
    prepare: (shared) => {
      churn(shared);
      insert(shared.map, 1);
      return [1];
    },
    operations: { "insert another": getOrInsert(2), remove: remove(1) },
  },
  {
    name: "a list of one slot",
    prepare: (shared) => {
      churn(shared);
      insert(shared.map, 1);
      insert(shared.map, 2);
      return [1, 2];
    },
    operations: { remove: remove(2) },
  },
  {
    name: "slots that are waited for, and some that rest since",
    prepare: (shared) => {
      churn(shared);
      holdBack(shared);
      insert(shared.map, 1);
      return [1];
    },
    operations: { "insert another": getOrInsert(2), remove: remove(1) },
  },
  {
    name: "crowded by tombstones",
    prepare: crowd,
    operations: { insert: getOrInsert(1_000), remove: (user, call) => remove(lastOf(user))(user, call) },
  },
  {
    name: "crowded across the segment's end",
    prepare: (shared) => crowd(shared, 5),
    operations: { insert: getOrInsert(1_000) },
  },
  {
    name: "a slot in its last life",
    prepare: ({ map }) => {
      const memory = memoryOf(map);
      for (let slot = 0; slot < memory.shape.slots; slot++) {
        poke(memory.words, controlAt(memory, slot), (MAX_GENERATION - 1) << 4);
      }
      insert(map, 1);
      return [1];
    },
    operations: { remove: remove(1) },
    spared: true,
  },
];

/** The key of the crowded map's entry. */
function lastOf({ map }: User): number {
  return [...map.entries()][0]![0] as number;
}

function alone({ name, prepare, spared }: Case, what: string, operation: Operation): Scenario {
  return defineScenario<TinyMap & { readonly present: readonly number[] }>({
    name: `${name}: ${what}${spared ? "" : ", killed anywhere"}`,
    touches,
    setup: () => {
      const shared = tinyMap([]);
      return { ...shared, present: prepare(shared) };
    },
    names,
    threads: [thread("worker 1", attachUser, operation)],
    interruption: spared ? "none" : "kill",
    supervisor: supervisor(attachUser, (user: User, _call, killed) => {
      repairAfter(user, killed);
    }),
    model: ({ present }) => mapModel(2, present),
    check: ({ shared }, call) => {
      for (const key of new Set([1, 2, 1_000, ...shared.present])) get(key)(shared, call);
      const { words, shape } = memoryOf(shared.map);
      const at = shardAt(memoryOf(shared.map), 0);
      // A word for each entry that was or is, at most: a repair leaves what is empty empty.
      if (peek(words, at + USED) > 5) return `${peek(words, at + USED)} cells are in use`;
      const spent = peek(words, at + RETIRED);
      if (spared === true && spent !== 1) return `${spent} of ${shape.slots} slots were retired`;
      return auditMap(shared.map) ?? auditCapacity(shared.map, 2_000);
    },
  });
}

export default cases.flatMap((each) =>
  Object.entries(each.operations).map(([what, operation]) => alone(each, what, operation)),
);
