import { fileURLToPath } from "node:url";
import { nodeCase } from "../case.ts";
import { missing } from "../native.ts";
import type { BenchCase, BenchSuite } from "../suite.ts";
import { addedCase, loadCase, relayInC, SOURCE_CONDITION } from "./load.ts";
import type { Relay } from "./load.ts";

const program = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

const byHand: Relay = {
  name: "node:dgram by hand",
  file: () => process.execPath,
  args: [SOURCE_CONDITION, program("relay-by-hand"), "JOB"],
};
const byHandChecked: Relay = {
  name: "node:dgram by hand, send errors counted",
  file: () => process.execPath,
  args: [SOURCE_CONDITION, program("relay-by-hand"), "JOB", "checked"],
};
const node: Relay = {
  name: "./node",
  file: () => process.execPath,
  args: [SOURCE_CONDITION, program("relay-transport"), "JOB", "node"],
};
const bun: Relay = {
  name: "./bun",
  file: () => "bun",
  args: [SOURCE_CONDITION, program("relay-transport"), "JOB", "bun"],
  skip: () => missing("bun"),
};
const bunByHand: Relay = {
  name: "Bun.udpSocket by hand, sendMany",
  file: () => "bun",
  args: [SOURCE_CONDITION, program("relay-bun-by-hand"), "JOB"],
  skip: () => missing("bun"),
};
const linux = (name: string, mode: string, onBun = false): Relay => ({
  name,
  file: () => (onBun ? "bun" : process.execPath),
  args: [SOURCE_CONDITION, program("relay-transport"), "JOB", mode],
  skip: () => (process.platform === "linux" ? (onBun ? missing("bun") : undefined) : "recvmmsg is Linux's"),
});
const linuxLoop = linux("./linux, event loop", "linux");
const linuxBlocking = linux("./linux, blocking", "linux-blocking");
const linuxBun = linux("./linux on Bun, blocking", "linux-blocking", true);
const linuxSegments = linux("./linux, blocking, GRO and GSO", "linux-segments");
const single = relayInC("C recvfrom, sendto", "single");
const batch = relayInC("C recvmmsg, sendmmsg", "batch");
const segments = relayInC("C GRO and GSO", "segments");

export const suites: readonly BenchSuite[] = [
  ...[60_000, 120_000, 200_000].map((packetsPerSecond) => forwarding(packetsPerSecond, 1)),
  forwarding(120_000, 8),
  forwarding(120_000, 8, true),
  addedByRelay(),
  ...[1_000, 100_000].map((clients) => datagramStep(clients)),
];

/** What a relay's own code costs a datagram, without the kernel: `datagram-step.ts`. */
function datagramStep(clients: number): BenchSuite {
  const step = (name: string, what: string, batchSize: number): BenchCase =>
    nodeCase(name, new URL("./datagram-step.ts", import.meta.url), {
      args: [what, String(clients), String(batchSize)],
    });
  const budget = "the budget: 250 ns";
  const byEndpoint = "RelayEndpoint, by endpoint, batches of 64";
  const byId = "RelayEndpoint, by id, batches of 64";
  return {
    area: "io",
    title: `JavaScript for one datagram, everything but the kernel, ${clients.toLocaleString("en")} clients`,
    unit: "ns",
    reference: budget,
    cases: [
      step(budget, "budget", 64),
      step("an array of endpoints, batches of 64", "array", 64),
      step(byId, "id", 64),
      step(byEndpoint, "endpoint", 64),
      step("RelayEndpoint, by id, batches of 1", "id", 1),
      step("RelayEndpoint, by endpoint, batches of 1", "endpoint", 1),
    ],
    goals:
      clients === 1_000 ? [byId, byEndpoint].map((name) => ({ case: name, against: budget, atMost: 1 })) : [],
    notes: [
      "RelayEndpoint: clock, address policy, sender's and receiver's look-up, both records, priority class.",
      "What it adds to the kernel's work is its figure minus the array's.",
    ],
  };
}

/** What statistics, policy and look-up cost on real sockets: `added.ts`. */
function addedByRelay(): BenchSuite {
  const budget = "the budget: 250 ns";
  const named = (relay: Relay): Relay => ({ ...relay, name: `RelayEndpoint over ${relay.name}` });
  const [blocking, loop] = [named(linuxBlocking), named(node)];
  // All of RelayEndpoint is optimised only after some 300,000 datagrams: what is measured earlier is the compiler.
  const job = { burst: 1, sources: 16, clients: 1_000, warmUpSeconds: 6, tunnel: false };
  return {
    area: "io",
    title: "user CPU that statistics, policy and look-up add to a datagram, 1,000 receivers, 16 sources",
    unit: "ns",
    reference: budget,
    cases: [
      nodeCase(budget, new URL("./datagram-step.ts", import.meta.url), { args: ["budget", "1", "1"] }),
      addedCase(blocking, { ...job, packetsPerSecond: 120_000, seconds: 2 }),
      addedCase(loop, { ...job, packetsPerSecond: 60_000, seconds: 2 }),
    ],
    goals: [blocking, loop].map(({ name }) => ({ case: name, against: budget, atMost: 1 })),
    notes: [
      "Each value is of four runs in a row: the transport alone, with RelayEndpoint, with it again, alone again.",
      "The kernel splits user and system time by a tick of 4 ms, so that one value is good to some 100 ns.",
    ],
  };
}

/**
 * @param burst consecutive datagrams for one receiver
 * @param joined whether they reach the relay as one message, if it takes such
 */
function forwarding(packetsPerSecond: number, burst: number, joined = false): BenchSuite {
  const relays =
    burst === 1
      ? [
          byHand,
          byHandChecked,
          node,
          bunByHand,
          bun,
          linuxLoop,
          linuxBlocking,
          linuxBun,
          single,
          batch,
          segments,
        ]
      : [linuxBlocking, linuxSegments, batch, segments];
  return {
    area: "io",
    title: `forwarding 128 bytes at ${packetsPerSecond.toLocaleString("en")}/s, 1,000 receivers, 16 sources, ${burst} to a receiver in a row${joined ? ", joined on their way to the relay" : ""}`,
    unit: "datagrams/CPU-second",
    reference: batch.name,
    cases: relays.map((relay) => forwardCase(relay, packetsPerSecond, burst, joined)),
    goals:
      burst === 1
        ? [
            { case: node.name, against: byHand.name, atLeast: 0.97 },
            { case: bun.name, against: batch.name, atLeast: 0.75 },
            { case: bun.name, against: bunByHand.name, atLeast: 0.75 },
            { case: linuxBlocking.name, against: batch.name, atLeast: 0.95 },
            { case: linuxBlocking.name, against: single.name, atLeast: 1 },
          ]
        : [{ case: linuxSegments.name, against: batch.name, atLeast: 1.5 }],
    also: [
      { title: "loss", unit: "per mille", property: "lossPerMille" },
      { title: "user CPU a datagram", unit: "ns", property: "userNanosPerDatagram" },
      { title: "median way through the relay", unit: "us", property: "p50Micros" },
    ],
    notes: [
      "CPU of the relay's whole process, user and system, kernel work on its behalf included; the load has its own.",
      ...(burst > 1 ? ["The load's receivers have UDP_GRO on: see tools/bench/README.md."] : []),
    ],
  };
}

function forwardCase(relay: Relay, packetsPerSecond: number, burst: number, joined: boolean): BenchCase {
  const load = { packetsPerSecond, burst, seconds: 1, sources: 16, clients: 1_000, warmUpSeconds: 0.3 };
  return loadCase(relay, { ...load, tunnel: false, joined });
}
