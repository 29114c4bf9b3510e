import { bunCase, nodeCase, rustCase } from "../case.ts";
import type { BenchCase, BenchSuite } from "../suite.ts";

const single = new URL("./single.ts", import.meta.url);
const probe = new URL("./probe.ts", import.meta.url);
const sharing = new URL("./sharing.ts", import.meta.url);

const RUST: Readonly<Record<string, readonly string[]>> = {
  read: ["load relaxed", "load"],
  write: ["store"],
  add: ["add"],
  swap: ["compare-exchange"],
  fence: ["fence"],
};

const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  read: ["in place", "peek", "load", "load64", "loadPair", "Atomics.load, BigInt"],
  write: ["in place", "poke", "store", "store64"],
  add: ["in place", "add", "add64", "add64, five regions", "Atomics.add, BigInt"],
  swap: ["compareExchange", "casPair"],
  fence: ["poke, fence", "store"],
};

const singles = (kind: string, runtime: string, caseOf: typeof nodeCase): BenchSuite => ({
  area: "memory",
  title: `${kind}: one operation on one of 1,024 words in turn, a cache line each, ${runtime}`,
  unit: "ns",
  reference: OPERATIONS[kind]![0]!,
  cases: [
    ...OPERATIONS[kind]!.map((name) => caseOf(name, single, { args: [`${kind}: ${name}`] })),
    ...(RUST[kind] ?? []).map((name) => rustCase(`Rust: ${name}`, "single-operation", { args: [name] })),
  ],
});

const probes = (runtime: string, caseOf: typeof nodeCase): BenchSuite => ({
  area: "memory",
  title: `A lookup by linear probing, 1,000 entries in 2,048 words, hits, ${runtime}`,
  unit: "ns",
  reference: "in place",
  cases: ["in place", "through the module", "through an object", "every read atomic"].map((name) =>
    caseOf(name, probe, { args: [name] }),
  ),
  goals: [{ case: "through the module", against: "in place", atMost: 1.15 }],
});

const DISTANCES: readonly (readonly [name: string, bytes: number])[] = [
  ["on two pairs of lines (128 bytes)", 128],
  ["on two lines (64 bytes)", 64],
  ["on one line (8 bytes)", 8],
];

const sharings = (runtime: string, caseOf: typeof nodeCase): BenchSuite[] =>
  ["plain", "add64"].map((way) => ({
    area: "memory",
    title: `False sharing: two threads, each adding to its own counter (${way}), ${runtime}`,
    unit: "ns",
    reference: DISTANCES[0]![0],
    cases: DISTANCES.map(([name, bytes]): BenchCase => caseOf(name, sharing, { args: [way, String(bytes)] })),
    notes: ["Counted are the passes in which both threads were on processors."],
  }));

/** What the memory module's operations cost, what reaching words through it costs, and what sharing a line costs. */
export const suites: readonly BenchSuite[] = [
  ...Object.keys(OPERATIONS).map((kind) => singles(kind, "Node", nodeCase)),
  probes("Node", nodeCase),
  ...sharings("Node", nodeCase),
  singles("add", "Bun", bunCase),
  probes("Bun", bunCase),
];
