import { defineScenario, supervisor, thread } from "@udp-relay/model-check";
import type { Scenario } from "@udp-relay/model-check";
import { auditCapacity, auditMap } from "../test/map-audit.ts";
import { endpointKeys, keysOfTwoShards } from "./keys.ts";
import { mapModel } from "./map-model.ts";
import * as operation from "./operations.ts";
import type { Operation } from "./operations.ts";
import { attachUser, names, repairAfter, tinyMap } from "./tiny-map.ts";
import type { TinyMap } from "./tiny-map.ts";

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

interface Member {
  readonly name: string;
  readonly operation: Operation;
  /** Reads only. */
  readonly reads?: true;
  /** Makes the same accesses as another of the list, by another method: its pairs are of the long form only. */
  readonly varies?: true;
}

const first = "initial 1";

/** The map has key 1 and room for one more. */
const members: readonly Member[] = [
  { name: "get", operation: operation.get(1), reads: true },
  { name: "getOrInsert the same", operation: operation.getOrInsert(1) },
  { name: "getOrInsert another", operation: operation.getOrInsert(2) },
  { name: "remove", operation: operation.remove(1) },
  { name: "resolve", operation: operation.resolve(first), reads: true },
  { name: "removeHandle", operation: operation.removeHandle(first) },
  { name: "rekey", operation: operation.rekey(2, first) },
  { name: "sweep", operation: operation.sweep(first) },
  { name: "clear", operation: operation.clear },
  { name: "forEach", operation: operation.forEach, reads: true },
  { name: "size", operation: operation.size, reads: true },
  { name: "has", operation: operation.has(1), reads: true, varies: true },
  { name: "insert the same", operation: operation.insert(1), varies: true },
  { name: "insert another", operation: operation.insert(2), varies: true },
  { name: "removeIf", operation: operation.removeIf(1), varies: true },
  { name: "isCurrent", operation: operation.isCurrent(first), reads: true, varies: true },
  { name: "entries", operation: operation.entries, reads: true, varies: true },
  { name: "stats", operation: operation.stats, reads: true, varies: true },
];

/** What a family of pairs runs on. */
interface Ground {
  /** Before the names of its scenarios. */
  readonly name: string;
  readonly setup: () => TinyMap;
  /** Which pairs are its subject. */
  readonly includes: (one: Member, two: Member) => boolean;
  /** Which of them are of the short form, too. */
  readonly short: (one: Member, two: Member) => boolean;
}

const plain = (...pair: readonly Member[]): boolean => pair.every(({ varies }) => varies !== true);
const involves =
  (name: string) =>
  (...pair: readonly Member[]): boolean =>
    pair.some((member) => member.name === name);

const grounds: readonly Ground[] = [
  { name: "", setup: () => tinyMap([1]), includes: () => true, short: plain },
  {
    name: "two shards: ",
    setup: () => tinyMap([1], { shards: 2, batch: 1 }, keysOfTwoShards),
    // Keys 1 and 2 are of different ones: a change from one to the other needs both locks.
    includes: involves("rekey"),
    short: plain,
  },
  {
    name: "endpoints: ",
    setup: () => tinyMap([1], { key: "endpoint", batch: 1 }, endpointKeys),
    // The one operation that an endpoint's two copies make another: the other one reads them.
    includes: involves("rekey"),
    short: plain,
  },
];

function pair(ground: Ground, one: Member, two: Member, interruption: "none" | "kill"): Scenario {
  const writing = one.reads !== true && two.reads !== true;
  return defineScenario({
    name: `${ground.name}${one.name} | ${two.name}${interruption === "kill" ? ", killed anywhere" : ""}`,
    touches,
    long: !ground.short(one, two) || (interruption === "kill" && writing),
    // Two writers of which one may die and be repaired at any step: hundreds of thousands of states a pair.
    ...(interruption === "kill" && writing ? { undrawn: { runs: 2_000, seed: 14, depth: 4 } } : {}),
    limits: { milliseconds: 1_200_000, states: 5_000_000 },
    setup: ground.setup,
    names,
    threads: [one, two].map((member, index) => thread(`worker ${index + 1}`, attachUser, member.operation)),
    interruption,
    supervisor: supervisor(attachUser, (user, _call, killed) => {
      repairAfter(user, killed);
    }),
    model: mapModel(2, [1]),
    check: ({ shared }: { shared: TinyMap }, call) => {
      for (const key of [1, 2]) operation.get(key)(shared, call);
      operation.resolve(first)(shared, call);
      return auditMap(shared.map) ?? auditCapacity(shared.map, 10);
    },
  });
}

const pairs = members.flatMap((one, index) => members.slice(index).map((two) => [one, two] as const));

/** Each pair twice where both write: with nobody killed, and with either killed at any step. */
export default grounds.flatMap((ground) => {
  const mine = pairs.filter(([one, two]) => ground.includes(one, two));
  const writers = mine.filter(([one, two]) => one.reads !== true && two.reads !== true);
  return [
    ...writers.map(([one, two]) => pair(ground, one, two, "none")),
    ...mine.map(([one, two]) => pair(ground, one, two, "kill")),
  ];
});
