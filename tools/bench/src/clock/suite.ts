import { bunCase, nodeCase, rustCase } from "../case.ts";
import type { BenchCase, BenchSuite } from "../suite.ts";

const reading = new URL("./read.ts", import.meta.url);
const stale = new URL("./staleness.ts", import.meta.url);

const reads: readonly (readonly [name: string, operation: string])[] = [
  ["performance.now()", "performance.now"],
  ["Date.now()", "Date.now"],
  ["recentMs()", "recentMs"],
  ["recentMicros()", "recentMicros"],
  ["oncePerTurn().recentMs(), not a turn's first", "turn"],
  ["nowMs()", "nowMs"],
  ["stalenessMs()", "stalenessMs"],
  ["update()", "update"],
];

/** What the crate and the one that it is built on make of it. */
const rustReads: readonly BenchCase[] = [
  rustCase("coarsetime, Instant::now", "clock-read", { args: ["coarsetime now"] }),
  rustCase("coarsetime, recent_since_epoch", "clock-read", { args: ["coarsetime recent"] }),
  rustCase("the crate, current_timestamp", "clock-read", { args: ["current_timestamp"] }),
  rustCase("the crate, recent_timestamp", "clock-read", { args: ["recent_timestamp"] }),
];

const readSuite = (runtime: string, caseOf: typeof nodeCase): BenchSuite => ({
  area: "clock",
  title: `One read of the time, ${runtime}`,
  unit: "ns",
  reference: "performance.now()",
  cases: [
    ...reads.map(([name, operation]) => caseOf(name, reading, { args: [operation] })),
    ...(runtime === "Node" ? rustReads : []),
  ],
  goals: [
    { case: "recentMs()", against: "performance.now()", atMost: 0.5 },
    { case: "recentMs()", against: "Date.now()", atMost: 0.5 },
  ],
});

const stalenessCases = (percentile: "p50" | "p99"): BenchCase[] =>
  (["interval", "thread"] as const).flatMap((ticker) =>
    (["busy", "other"] as const).flatMap((reader) =>
      [50, 95].map((blocked) =>
        nodeCase(nameOf(ticker, reader, blocked), stale, {
          args: [ticker, reader, `${blocked}`, percentile],
        }),
      ),
    ),
  );

function nameOf(ticker: "interval" | "thread", reader: "busy" | "other", blocked: number): string {
  const updater = ticker === "interval" ? "startTicker" : "startTickerThread";
  return `${updater}, loop blocked ${blocked} %, read by ${reader === "busy" ? "the blocked thread" : "another thread"}`;
}

const stalenessSuite = (percentile: "p50" | "p99", title: string): BenchSuite => ({
  area: "clock",
  title,
  unit: "ms",
  reference: nameOf("interval", "busy", 50),
  cases: stalenessCases(percentile),
  notes: [
    "intervalMs 1; the loop is blocked in bursts of 50 ms, and idle in between for 50 ms (50 %) or 2.6 ms (95 %)",
    "the blocked thread reads within its bursts, every 0.1 ms; the other one at any time, about every 0.5 ms",
  ],
});

/** Reads of the clock against the platform's own, and how old a tick is when the loop is blocked. */
export const suites: readonly BenchSuite[] = [
  readSuite("Node", nodeCase),
  readSuite("Bun", bunCase),
  stalenessSuite("p50", "Staleness under a blocked loop, median"),
  stalenessSuite("p99", "Staleness under a blocked loop, 99th percentile"),
];
