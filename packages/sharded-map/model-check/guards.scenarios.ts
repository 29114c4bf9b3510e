import { defineScenario, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { load, peek, poke, store } from "@udp-relay/atomics-layout/memory";
import { enterGuard, hasPassed, leaveGuard, retire, wasSeenPassed } from "../src/guards.ts";
import { auditMap, memoryOf } from "../test/map-audit.ts";
import { touches } from "./pairs.scenarios.ts";
import { attachUser, names, tinyMap } from "./tiny-map.ts";
import type { TinyMap, User } from "./tiny-map.ts";

/** A record of two words: its key and the key's complement. */
function recordAt({ map }: { map: TinyMap["map"] }, slot: number): number {
  return (map.region.section("records").byteOffset >>> 2) + slot * 2;
}

function fill(user: User, key: number): (slot: number) => void {
  return (slot) => {
    const at = recordAt(user, slot);
    poke(user.map.region.words, at, key);
    poke(user.map.region.words, at + 1, ~key);
  };
}

function read(user: User, slot: number): readonly [number, number] {
  const { words } = user.map.region;
  const at = recordAt(user, slot);
  return [peek(words, at), peek(words, at + 1)];
}

const setup = (): TinyMap => {
  const shared = tinyMap([], { capacity: 1, batch: 1, recordBytes: 8 });
  const user: User = { map: shared.map, handle: 0 };
  const guard = shared.map.enter();
  const handle = shared.map.handle(shared.map.getOrInsert(1, fill(user, 1)));
  guard.leave();
  return { map: shared.map, handle };
};

/** Removes key 1 and brings two more in turn: with one spare slot, key 1's own is needed for the second. */
function replace(user: User): void {
  user.map.remove(1);
  for (const key of [2, 3]) {
    const guard = user.map.enter();
    user.map.getOrInsert(key, fill(user, key));
    guard.leave();
    if (key === 2) user.map.remove(2);
  }
}

/** Words of a record that stands for whatever guards protect: a link, what it leads to, and since when it is retired. */
const [LINK, CONTENT, STAMP] = [0, 1, 2] as const;

export default [
  defineScenario({
    name: "a slot found in a guard stays its entry's until the guard ends, read plainly",
    touches,
    setup,
    names,
    threads: [
      thread("reader", attachUser, (user) => {
        const guard = user.map.enter();
        const slot = user.map.get(1);
        const found = slot < 0 ? undefined : [...read(user, slot), user.map.keyOf(slot)];
        guard.leave();
        return found;
      }),
      thread("writer", attachUser, replace),
    ],
    check: ({ results, shared }: { results: ReadonlyMap<string, unknown>; shared: TinyMap }) => {
      const found = results.get("reader") as number[] | undefined;
      if (found !== undefined && found.join() !== [1, ~1, 1].join())
        return `the reader found ${found.join()}`;
      return auditMap(shared.map);
    },
  }),

  defineScenario({
    name: "outside a guard, what is read between resolve and isCurrent is the entry's",
    touches,
    setup,
    names,
    threads: [
      thread("reader", attachUser, (user) => {
        const slot = user.map.resolve(user.handle);
        if (slot < 0) return undefined;
        const found = read(user, slot);
        return user.map.isCurrent(user.handle) ? found : undefined;
      }),
      thread("writer", attachUser, replace),
    ],
    check: ({ results, shared }: { results: ReadonlyMap<string, unknown>; shared: TinyMap }) => {
      const found = results.get("reader") as number[] | undefined;
      if (found !== undefined && found.join() !== [1, ~1].join()) return `the reader found ${found.join()}`;
      return auditMap(shared.map);
    },
  }),

  defineScenario({
    name: "a new entry is found with its record complete, or not at all",
    touches,
    setup: () => tinyMap([], { capacity: 1, batch: 1, recordBytes: 8 }),
    names,
    threads: [
      thread("reader", attachUser, (user) => {
        const guard = user.map.enter();
        const seen: string[] = [];
        user.map.forEach((slot) => seen.push(read(user, slot).join()));
        guard.leave();
        return seen.join(";");
      }),
      thread("writer", attachUser, (user) => {
        const guard = user.map.enter();
        user.map.getOrInsert(7, fill(user, 7));
        guard.leave();
      }),
    ],
    check: ({ results, shared }: { results: ReadonlyMap<string, unknown>; shared: TinyMap }) => {
      const seen = results.get("reader") as string;
      return seen === "" || seen === [7, ~7].join() ? auditMap(shared.map) : `the reader saw ${seen}`;
    },
  }),

  defineScenario({
    name: "a thread stopped for ever in a guard or a lock: others find what is there, and go on elsewhere",
    touches,
    setup,
    names,
    interruption: "stop",
    interruptible: ["writer"],
    threads: [
      thread("writer", attachUser, (user) => {
        user.map.remove(1);
        return true;
      }),
      thread("reader", attachUser, (user) => {
        const guard = user.map.enter();
        const slot = user.map.get(1);
        const found = slot < 0 ? undefined : read(user, slot).join();
        guard.leave();
        return found;
      }),
    ],
    check: ({ results }: { results: ReadonlyMap<string, unknown> }) => {
      if (!results.has("reader")) return "the reader was held up";
      const found = results.get("reader");
      return found === undefined || found === [1, ~1].join()
        ? undefined
        : `the reader found ${found as string}`;
    },
  }),

  defineScenario({
    name: "one look at the guards holds for what another thread retired before it, known by the epoch alone",
    touches: ["packages/sharded-map/src/guards.ts"],
    setup: () => {
      const { map } = tinyMap([], { capacity: 1, batch: 1, recordBytes: 16 });
      const { words, recordsAt } = memoryOf(map);
      poke(words, recordsAt + LINK, 1);
      poke(words, recordsAt + CONTENT, 7);
      return { map, handle: 0 };
    },
    names,
    threads: [
      thread("reader", attachUser, ({ map }) => {
        const memory = memoryOf(map);
        const { words, recordsAt } = memory;
        enterGuard(memory);
        const content = peek(words, recordsAt + LINK) === 0 ? 7 : peek(words, recordsAt + CONTENT);
        leaveGuard(memory);
        return content;
      }),
      thread("remover", attachUser, ({ map }) => {
        const memory = memoryOf(map);
        poke(memory.words, memory.recordsAt + LINK, 0);
        store(memory.words, memory.recordsAt + STAMP, retire(memory));
      }),
      thread("writer", attachUser, ({ map }) => {
        const memory = memoryOf(map);
        const { words, recordsAt } = memory;
        // Something of its own has passed: by the same look it judges what the remover retired.
        hasPassed(memory, peek(words, memory.epochAt) - 2);
        const stamp = load(words, recordsAt + STAMP);
        if (stamp !== 0 && wasSeenPassed(memory, stamp)) poke(words, recordsAt + CONTENT, 9);
      }),
    ],
    check: ({ results }: { results: ReadonlyMap<string, unknown> }) =>
      results.get("reader") === 7 ? undefined : "what was read in a guard was used again",
  }),
] satisfies readonly Scenario[];
