import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { auditCapacity, auditMap } from "../test/map-audit.ts";
import {
  attachUser,
  entries,
  forEach,
  get,
  getOrInsert,
  insert,
  names,
  rekey,
  remove,
  removeHandle,
  removeIf,
  repairAfter,
  resolve,
  size,
  sweep,
  tinyMap,
} from "./tiny-map.ts";
import type { Operation, TinyMap } from "./tiny-map.ts";
import { u32MapModel } from "./u32-map-model.ts";

const sources = [
  "free-slots",
  "guards",
  "identity",
  "index-segment",
  "insert-entry",
  "lock-word",
  "map-lookups",
  "map-writers",
  "rekey-entry",
  "remove-entry",
  "repair-shard",
  "shard-lock",
  "sharded-map",
  "tickets",
];
export const touches = sources.map((name) => `packages/sharded-map/src/${name}.ts`);

/** The map has key 1 and room for one more. (`clear` is `forEach` and `removeHandle`, `has` and `isFull` are `get` and `size`.) */
const operations: readonly (readonly [name: string, operation: Operation])[] = [
  ["get", get(1)],
  ["getOrInsert the same", getOrInsert(1)],
  ["getOrInsert another", getOrInsert(2)],
  ["remove", remove(1)],
  ["resolve", resolve("initial 1")],
  ["removeHandle", removeHandle("initial 1")],
  ["rekey", rekey(2, "initial 1")],
  ["sweep", sweep("initial 1")],
  ["forEach", forEach],
  ["size", size],
  ["insert the same", insert(1)],
  ["insert another", insert(2)],
  ["removeIf", removeIf(1)],
  ["entries", entries],
];

const readers = ["get", "resolve", "forEach", "size", "entries"];
/** The same accesses as others of the list make, by another method: their pairs are of the long form only. */
const variants = ["insert the same", "insert another", "removeIf", "entries"];

function pair(
  one: (typeof operations)[number],
  two: (typeof operations)[number],
  interruption: "none" | "kill",
): Scenario {
  const reading = readers.includes(one[0]) || readers.includes(two[0]);
  const varying = variants.includes(one[0]) || variants.includes(two[0]);
  return defineScenario({
    name: `${one[0]} | ${two[0]}${interruption === "kill" ? ", killed anywhere" : ""}`,
    touches,
    long: varying || (interruption === "kill" && !reading),
    // Two writers of which one may die and be repaired at any step: hundreds of thousands of states a pair.
    ...(interruption === "kill" && !reading ? { undrawn: { runs: 2_000, seed: 14, depth: 4 } } : {}),
    limits: { milliseconds: 1_200_000, states: 5_000_000 },
    setup: () => tinyMap([1]),
    names,
    threads: [one, two].map(([, operation], index) => thread(`worker ${index + 1}`, attachUser, operation)),
    interruption,
    supervisor: supervisor(attachUser, (user, _call, killed) => {
      repairAfter(user, killed);
    }),
    model: u32MapModel(2, [1]),
    check: ({ shared }: { shared: TinyMap }, call) => {
      for (const key of [1, 2]) get(key)(shared, call);
      resolve("initial 1")(shared, call);
      return auditMap(shared.map) ?? auditCapacity(shared.map, 10);
    },
  });
}

const pairs = operations.flatMap((one, index) => operations.slice(index).map((two) => [one, two] as const));

export default [
  ...pairs
    .filter(([one, two]) => !readers.includes(one[0]) && !readers.includes(two[0]))
    .map(([one, two]) => pair(one, two, "none")),
  ...pairs.map(([one, two]) => pair(one, two, "kill")),
];
