import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { poke } from "@udp-relay/atomics-layout/memory";
import { guardEntries } from "../src/guards.ts";
import { ShardedMap } from "../src/index.ts";
import { CONFIRMED, JOURNAL, shardAt } from "../src/map-memory.ts";
import { closeTicket, settleTicket, takeTicket, ticketsOut } from "../src/tickets.ts";
import { auditMap, inGuard, memoryOf } from "../test/map-audit.ts";
import { endpoint } from "./keys.ts";
import { attachUser, names, repairAfter, tinyMap } from "./tiny-map.ts";
import type { TinyMap, User } from "./tiny-map.ts";

/** What the dead leave in words that their successors go by: small scenarios, each of a single file's promise. */
const source = (...files: string[]): string[] => files.map((name) => `packages/sharded-map/src/${name}.ts`);

export default [
  defineScenario({
    name: "a guard whose thread died is gone once it was repaired",
    touches: source("guards"),
    setup: () => tinyMap([]),
    names,
    threads: [
      thread("worker 1", attachUser, ({ map }) => {
        map.enter();
      }),
    ],
    interruption: "kill",
    supervisor: supervisor(attachUser, (user: User, _call, killed) => {
      repairAfter(user, killed);
    }),
    check: ({ shared, interrupted }) => {
      const entries = guardEntries(memoryOf(shared.map), 1);
      return interrupted === undefined || entries === 0 ? undefined : "the dead stands in its guard for ever";
    },
  }),

  defineScenario({
    name: "a guard whose thread was declared dead holds nothing back, though nobody has repaired it yet",
    touches: source("guards"),
    setup: () => {
      const shared = tinyMap([1], { capacity: 1, batch: 1 });
      const victim = ShardedMap.attach(shared.map.shared);
      victim.enter();
      shared.map.region.declareDead(victim.ownerId);
      return shared;
    },
    names,
    threads: [
      thread("worker 2", attachUser, ({ map }) => {
        map.remove(1);
        return [2, 3, 4]
          .map((key) => inGuard(map, () => map.insert(key)) >= 0 && map.remove(key) >= 0)
          .join();
      }),
    ],
    check: ({ results }) =>
      results.get("worker 2") === "true,true,true"
        ? undefined
        : `inserted: ${String(results.get("worker 2"))}`,
  }),

  defineScenario<TinyMap & { readonly found: number }>({
    name: "a slot whose remover was killed rests as long as a guard from before stands",
    touches: source("free-slots", "guards"),
    setup: () => {
      const shared = tinyMap([1], { capacity: 1, batch: 1 });
      // Somebody stands in a guard in which it has found the entry's slot.
      const reader = ShardedMap.attach(shared.map.shared);
      reader.enter();
      return { ...shared, found: reader.get(1) };
    },
    names,
    threads: [thread("worker 2", attachUser, ({ map }) => map.remove(1))],
    interruption: "kill",
    supervisor: supervisor(attachUser, (user: User, _call, killed) => {
      repairAfter(user, killed);
    }),
    check: ({ shared: { map, found } }) => {
      map.remove(1);
      for (const key of [2, 3, 4]) {
        if (inGuard(map, () => map.insert(key)) === found) return "it was used again";
        map.remove(key);
      }
      return undefined;
    },
  }),

  defineScenario({
    name: "an endpoint's change of key, killed anywhere: the slot's next entry can change its own at once",
    touches: source("identity", "rekey-entry"),
    setup: () => {
      const { map } = tinyMap([], { key: "endpoint", capacity: 1, batch: 1 });
      return { map, handle: inGuard(map, () => map.handle(map.insertEndpoint(endpoint(1)))) };
    },
    names,
    threads: [thread("worker 1", attachUser, ({ map, handle }) => map.rekeyEndpoint(handle, endpoint(2)))],
    interruption: "kill",
    supervisor: supervisor(attachUser, (user: User, _call, killed) => {
      repairAfter(user, killed);
    }),
    check: ({ shared: { map, handle } }) => {
      map.removeHandle(handle);
      // Two entries in turn have both slots.
      for (const port of [10, 20]) {
        const next = inGuard(map, () => map.handle(map.insertEndpoint(endpoint(port))));
        const moved = map.rekeyEndpoint(next, endpoint(port + 1));
        if (moved < 0) return `the next entry's change of key was answered ${moved}`;
        map.removeHandle(next);
      }
      return auditMap(map);
    },
  }),

  defineScenario({
    name: "a shard of whose 2^29 steps nobody has seen one: whether its last step happened is known",
    touches: source("tickets"),
    setup: () => {
      const shared = tinyMap([], { capacity: 4, shards: 2, batch: 1 });
      const memory = memoryOf(shared.map);
      const at = shardAt(memory, 0);
      const steps = 2 ** 29;
      poke(memory.words, at + JOURNAL, steps << 2);
      poke(memory.words, at + CONFIRMED, 0);
      takeTicket(memory, 0, at);
      return shared;
    },
    names,
    threads: [
      thread("of shard 1", attachUser, ({ map }) => {
        const memory = memoryOf(map);
        takeTicket(memory, 1, shardAt(memory, 1));
      }),
    ],
    check: ({ shared: { map } }) => {
      const memory = memoryOf(map);
      closeTicket(memory, shardAt(memory, 1));
      // Its holder dies with the step open: the ticket comes back.
      settleTicket(memory, 0, false);
      const out = ticketsOut(memory);
      return out === 1 ? undefined : `${out} tickets are out for one entry`;
    },
  }),
] satisfies readonly Scenario[];
