import { defineScenario, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { ShardedMap } from "../src/index.ts";
import { hashU32 } from "../src/tabulation.ts";
import { auditMap, inGuard, memoryOf } from "../test/map-audit.ts";
import { addressesThatLookAlike, endpoint, endpointKeys } from "./keys.ts";
import { touches } from "./pairs.scenarios.ts";
import { attachPatient, attachUser, names, tinyMap } from "./tiny-map.ts";
import type { TinyMap } from "./tiny-map.ts";

/** The first key whose word would go to that cell of the only shard. */
function keyAtCell({ map }: TinyMap, cell: number): number {
  const memory = memoryOf(map);
  for (let key = 1; ; key++) {
    if ((hashU32(memory.tables, key) & memory.cellMask) === cell) return key;
  }
}
type Alike = TinyMap & { readonly alike: readonly [number, number] };

const insert = ({ map }: TinyMap, key: number): number => inGuard(map, () => map.getOrInsert(key));

/** Each brings a tombstone behind it: four times and a segment of eight cells is crowded again. */
function leaveTombstones(user: TinyMap, from: number, cells: number): number {
  let last = keyAtCell(user, from);
  insert(user, last);
  for (let cell = from + 1; cell < from + cells; cell++) {
    const next = keyAtCell(user, cell & memoryOf(user.map).cellMask);
    insert(user, next);
    user.map.remove(last);
    last = next;
  }
  return last;
}

const attachAlike = (shared: Alike): Alike => ({ ...shared, ...attachUser(shared) });

/** Somebody attaches among those who are at work. */
const newcomer = (name: string, before: (map: ShardedMap) => void): Scenario =>
  defineScenario({
    name,
    touches,
    dependentLoads: true,
    setup: () => {
      const shared = tinyMap([], { capacity: 1, batch: 1, recordBytes: 4, owners: 4 });
      insert(shared, 1);
      before(shared.map);
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
  });

export default [
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

  defineScenario<Alike>({
    name: "an endpoint changes twice while somebody compares its words",
    touches,
    // A lookup goes from a word to its slot.
    dependentLoads: true,
    setup: () => {
      const { map } = tinyMap([], { key: "endpoint", batch: 1 });
      const alike = addressesThatLookAlike(map);
      const handle = inGuard(map, () => map.handle(map.insertEndpoint(endpoint(alike[0], 1))));
      return { map, handle, alike };
    },
    names,
    threads: [
      // Half of the first key and half of the third: the one word looks like the first key's, the other like the third's.
      thread("reader", attachAlike, ({ map, alike: [one, three] }) =>
        [endpoint(three, 1), endpoint(one, 3)].some((mixture) => map.hasEndpoint(mixture)),
      ),
      thread("writer", attachAlike, ({ map, handle, alike: [, three] }) => [
        map.rekeyEndpoint(handle, endpoint(2, 2)),
        map.rekeyEndpoint(handle, endpoint(three, 3)),
      ]),
    ],
    check: ({ results, shared }) =>
      results.get("reader") === false ? auditMap(shared.map) : "a mixture of two keys was found",
  }),

  defineScenario({
    name: "an endpoint changes twice while somebody reads it by its slot",
    touches,
    setup: () => tinyMap([1], { key: "endpoint", batch: 1 }, endpointKeys),
    names,
    threads: [
      thread("reader", attachUser, ({ map, handle }) => {
        const guard = map.enter();
        const slot = map.resolve(handle);
        const mixed = [endpoint(1, 2), endpoint(1, 3)].some((key) => map.isEndpointOf(slot, key));
        const found = endpointKeys.of(map, slot);
        guard.leave();
        return mixed ? "mixed" : found;
      }),
      thread("writer", attachUser, ({ map, handle }) => [
        map.rekeyEndpoint(handle, endpoint(2, 2)),
        map.rekeyEndpoint(handle, endpoint(3, 3)),
      ]),
    ],
    check: ({ results, shared }) => {
      const found = results.get("reader");
      return [1, 2, 3].includes(found as number) ? auditMap(shared.map) : `it was read as ${String(found)}`;
    },
  }),

  newcomer("a thread attaches and reads while slots are used again", () => undefined),

  newcomer(
    "a thread attaches in the place of one that detached, and reads while slots are used again",
    (map) => {
      const other = ShardedMap.attach(map.shared);
      other.enter().leave();
      other[Symbol.dispose]();
    },
  ),

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
