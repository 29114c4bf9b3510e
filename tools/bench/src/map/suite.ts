import { nodeCase, rustCase } from "../case.ts";
import type { KeyKind } from "./keys.ts";
import type { BenchCase, BenchGoal, BenchSuite } from "../suite.ts";

const u32Program = new URL("./sharded-u32.ts", import.meta.url);
const endpointProgram = new URL("./sharded-endpoint.ts", import.meta.url);
const mapProgram = new URL("./js-map.ts", import.meta.url);
const threadsProgram = new URL("./threads.ts", import.meta.url);
const sharedmapProgram = new URL("./sharedmap.ts", import.meta.url);

const OURS = "ShardedMap";
const DEFAULT = "DashMap, default hasher";
const AHASH = "DashMap, ahash";
const SIZES = [1_000, 100_000, 1_000_000];
const KINDS: Readonly<Record<KeyKind, string>> = { u32: "u32", ipv4: "IPv4", ipv6: "IPv6" };

interface Limits {
  readonly toDefault?: number;
  readonly toAhash?: number;
}

function goals(limits: Limits): BenchGoal[] {
  const against = (other: string, atMost: number | undefined): BenchGoal[] =>
    atMost === undefined ? [] : [{ case: OURS, against: other, atMost }];
  return [...against(DEFAULT, limits.toDefault), ...against(AHASH, limits.toAhash)];
}

function dashmaps(operation: string, kind: string, entries: number): BenchCase[] {
  return [
    rustCase(DEFAULT, "dashmap", { args: [operation, kind, String(entries), "default"] }),
    rustCase(AHASH, "dashmap", { args: [operation, kind, String(entries), "ahash"] }),
  ];
}

function u32Suite(operation: string, entries: number, limits: Limits): BenchSuite {
  const args = [operation, String(entries)];
  const withSharedmap = entries === 1_000 && ["hit", "miss", "insert", "remove"].includes(operation);
  return {
    area: "map",
    title: `${operation}, u32 keys, ${entries.toLocaleString("en")} entries`,
    unit: "ns",
    reference: AHASH,
    cases: [
      nodeCase(OURS, u32Program, { args }),
      nodeCase("JavaScript Map of numbers", mapProgram, { args: [operation, "u32", String(entries)] }),
      ...(withSharedmap ? [nodeCase("npm sharedmap", sharedmapProgram, { args })] : []),
      ...dashmaps(operation, "u32", entries),
    ],
    goals: goals(limits),
  };
}

function endpointSuite(
  operation: string,
  kind: "ipv4" | "ipv6",
  entries: number,
  limits: Limits,
): BenchSuite {
  const args = [operation, kind, String(entries)];
  const looks = operation === "hit" || operation === "miss";
  return {
    area: "map",
    title: `${operation}, ${KINDS[kind]} endpoints, ${entries.toLocaleString("en")} entries`,
    unit: "ns",
    reference: AHASH,
    cases: [
      nodeCase(OURS, endpointProgram, { args }),
      ...(looks ? [nodeCase('JavaScript Map of "address:port"', mapProgram, { args })] : []),
      ...dashmaps(operation, kind, entries),
    ],
    goals: goals(limits),
    notes: looks
      ? ["The JavaScript Map's key is joined for each lookup; the others are given the endpoint as words."]
      : [],
  };
}

/** Wall time a lookup of all threads together: half as much with two is twice the throughput. */
function threadsSuite(kind: KeyKind, entries: number): BenchSuite {
  const ours = (threads: number): BenchCase =>
    nodeCase(`${OURS}, ${threads} thread${threads === 1 ? "" : "s"}`, threadsProgram, {
      args: [kind, String(entries), String(threads)],
    });
  const dashmap = (name: string, hasher: string): BenchCase =>
    rustCase(`${name}, 2 threads`, "dashmap", {
      args: ["hit by two threads", kind, String(entries), hasher],
    });
  const two = `${OURS}, 2 threads`;
  return {
    area: "map",
    title: `hit by threads at once, ${KINDS[kind]} keys, ${entries.toLocaleString("en")} entries`,
    unit: "ns",
    reference: `${AHASH}, 2 threads`,
    cases: [ours(1), ours(2), dashmap(DEFAULT, "default"), dashmap(AHASH, "ahash")],
    goals: [
      ...(kind === "ipv6"
        ? []
        : [
            { case: two, against: `${DEFAULT}, 2 threads`, atMost: 0.4 },
            { case: two, against: `${AHASH}, 2 threads`, atMost: 0.8 },
          ]),
      { case: two, against: `${OURS}, 1 thread`, atMost: 1 / 1.8 },
    ],
  };
}

/** What the memory module's `peek` costs the hottest path. */
function inPlaceSuite(entries: number): BenchSuite {
  const inPlace = "the same lookup, indexed in place";
  return {
    area: "map",
    title: `hit through the memory module, u32 keys, ${entries.toLocaleString("en")} entries`,
    unit: "ns",
    reference: inPlace,
    cases: [
      nodeCase(OURS, u32Program, { args: ["hit", String(entries)] }),
      nodeCase(inPlace, new URL("./in-place.ts", import.meta.url), { args: [String(entries)] }),
    ],
    goals: [{ case: OURS, against: inPlace, atMost: 1.15 }],
  };
}

const missLimit = (entries: number): Limits => ({ toDefault: entries === 1_000_000 ? 1.2 : 1 });

export const suites: readonly BenchSuite[] = SIZES.flatMap((entries) => [
  inPlaceSuite(entries),
  u32Suite("hit", entries, { toDefault: 0.6, toAhash: 1 }),
  u32Suite("miss", entries, missLimit(entries)),
  u32Suite("insert", entries, { toDefault: 1 }),
  u32Suite("remove", entries, { toDefault: 1 }),
  u32Suite("mix", entries, {}),
  u32Suite("dependent", entries, {}),
  endpointSuite("hit", "ipv4", entries, { toDefault: 0.6, toAhash: 1 }),
  endpointSuite("miss", "ipv4", entries, missLimit(entries)),
  endpointSuite("insert", "ipv4", entries, { toDefault: 1 }),
  endpointSuite("remove", "ipv4", entries, { toDefault: 1 }),
  endpointSuite("mix", "ipv4", entries, {}),
  endpointSuite("hit", "ipv6", entries, { toAhash: 1.2 }),
  endpointSuite("miss", "ipv6", entries, missLimit(entries)),
  endpointSuite("insert", "ipv6", entries, { toDefault: 1 }),
  endpointSuite("remove", "ipv6", entries, { toDefault: 1 }),
  endpointSuite("mix", "ipv6", entries, {}),
  threadsSuite("u32", entries),
  threadsSuite("ipv4", entries),
  threadsSuite("ipv6", entries),
]);
