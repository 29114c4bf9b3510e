import { bunCase, nodeCase, rustCase } from "../case.ts";
import type { BenchSuite } from "../suite.ts";

const program = new URL("./record.ts", import.meta.url);

const operations: readonly (readonly [name: string, operation: string])[] = [
  ["recordPacket", "outcome"],
  ["recordSequence", "sequence"],
  ["recordSequence with jitter", "jitter"],
  ["recordRtt", "roundTrip"],
  ["lossPerMille", "loss"],
  ["shared: at(slot).recordPacket", "sharedOutcome"],
  ["shared: recordSequence with jitter", "sharedJitter"],
  ["shared: at(slot).read() and lossPerMille", "sharedRead"],
  ["simulated link: send", "link"],
];

const suiteOf = (runtime: string, caseOf: typeof nodeCase): BenchSuite => ({
  area: "quality",
  title: `One sample recorded or read, ${runtime}`,
  unit: "ns",
  reference: "recordPacket",
  cases: [
    ...operations.map(([name, operation]) => caseOf(name, program, { args: [operation] })),
    rustCase("the crate's record_packet", "record-packet"),
  ],
  notes: ["The crate keeps two counters and no window, time, burst or lifetime."],
});

/** What a sample costs: in own memory, in a region's record, and what the crate's two counters cost. */
export const suites: readonly BenchSuite[] = [suiteOf("Node", nodeCase), suiteOf("Bun", bunCase)];
