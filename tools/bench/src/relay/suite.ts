import { fileURLToPath } from "node:url";
import { nodeCase } from "../case.ts";
import { loadCase, relayInC, SOURCE_CONDITION } from "../io/load.ts";
import type { Load, Relay } from "../io/load.ts";
import { buildRust, rustSkip } from "../native.ts";
import type { BenchGoal, BenchSuite } from "../suite.ts";
import { relayCommand } from "./our-relay.ts";

/** As many clients an address as the relay's own limit allows, so that the limit stays on. */
const SOURCES = 8;

const ours: Relay = {
  name: "udp-relay",
  file: () => process.execPath,
  args: relayCommand("$PORT"),
};
const byHand: Relay = {
  name: "node:dgram by hand",
  file: () => process.execPath,
  args: [SOURCE_CONDITION, fileURLToPath(new URL("./relay-by-hand.ts", import.meta.url)), "$PORT"],
};
const tokio: Relay = {
  name: "tokio and the crate",
  file: () => buildRust("tokio-relay").file,
  args: ["$PORT", "1", "10000"],
  skip: () => rustSkip("tokio-relay"),
};
const single = relayInC("C recvfrom, sendto, forwarding only", "single");
const batch = relayInC("C recvmmsg, sendmmsg, forwarding only", "batch");

const notes = [
  "128 bytes. udp-relay: one worker, policy, limits, statistics and metrics on. CPU of the whole process, the kernel's",
  "work on its behalf included. The tokio relay speaks the same protocol; a run in which it makes less than 0.75 of C",
  "recvfrom, sendto says nothing about it. Loss of each round is in the --json file.",
];
const tokioIsSound: BenchGoal = { case: tokio.name, against: single.name, atLeast: 0.75 };

export const suites: readonly BenchSuite[] = [busy(200), busy(1_000), unhurried(200), memory()];

/** Throughput: more than a relay on one CPU can be given by a load on the other. */
function busy(clients: number): BenchSuite {
  return {
    area: "relay",
    title: `CnCNet V3, ${clients.toLocaleString("en")} clients, 120,000 datagrams/s`,
    unit: "datagrams/CPU-second",
    reference: batch.name,
    cases: [ours, byHand, tokio, single, batch].map((relay) => loadCase(relay, job(clients, 120_000, 1, 2))),
    goals: [
      { case: ours.name, against: batch.name, atLeast: 0.9 },
      { case: ours.name, against: byHand.name, atLeast: 2 },
      { case: ours.name, against: tokio.name, atLeast: 1.3 },
      tokioIsSound,
    ],
    notes,
  };
}

/** One datagram a wake, mostly: what batching cannot help. */
function unhurried(clients: number): BenchSuite {
  return {
    area: "relay",
    title: `CnCNet V3, ${clients.toLocaleString("en")} clients, 20,000 datagrams/s after 3 s`,
    unit: "datagrams/CPU-second",
    reference: single.name,
    cases: [ours, byHand, tokio, single].map((relay) => loadCase(relay, job(clients, 20_000, 3, 3))),
    goals: [tokioIsSound],
    notes,
    also: [
      {
        title: "CPU a datagram",
        unit: "µs",
        property: "cpuMicrosPerDatagram",
        goals: [{ case: ours.name, against: tokio.name, atMost: 0.9 }],
      },
      {
        title: "median of the way through the relay",
        unit: "µs",
        property: "p50Micros",
        goals: [
          { case: ours.name, against: single.name, atMost: 1 },
          { case: ours.name, against: tokio.name, atMost: 1 },
        ],
      },
      {
        title: "99th percentile of the way through the relay",
        unit: "µs",
        property: "p99Micros",
        goals: [
          { case: ours.name, against: single.name, atMost: 1.3 },
          { case: ours.name, against: tokio.name, atMost: 1.2 },
        ],
      },
    ],
  };
}

/** What 9,990 more clients cost the process. */
function memory(): BenchSuite {
  const budget = "the budget: 64 MiB";
  const grown = "udp-relay, 10,000 clients more than 10";
  const program = new URL("./memory.ts", import.meta.url);
  return {
    area: "relay",
    title: "resident memory of 10,000 clients, above that of 10",
    unit: "MiB",
    reference: budget,
    cases: [nodeCase(budget, program, { args: ["budget"] }), nodeCase(grown, program, { timeoutMs: 60_000 })],
    goals: [{ case: grown, against: budget, atMost: 1 }],
  };
}

function job(
  clients: number,
  packetsPerSecond: number,
  warmUpSeconds: number,
  seconds: number,
): Omit<Load, "program"> {
  return {
    packetsPerSecond,
    seconds,
    warmUpSeconds,
    burst: 1,
    sources: SOURCES,
    clients: clients + 1,
    tunnel: true,
  };
}
