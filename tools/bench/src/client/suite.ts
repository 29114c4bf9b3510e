import { bunCase, nodeCase, rustCase } from "../case.ts";
import type { BenchCase, BenchSuite } from "../suite.ts";

const path = new URL("./path.ts", import.meta.url);
const threads = new URL("./threads.ts", import.meta.url);
const memory = new URL("./memory.ts", import.meta.url);
const snapshot = new URL("./snapshot.ts", import.meta.url);
const collections = new URL("./collections.ts", import.meta.url);

const OURS = "TunnelClientTable";
const BATCHES = "TunnelClientTable, 32 at once";
const CRATE = "the crate, DashMap and Arc";
const BY_HAND = "Map and object by hand";
const SIZES = [200, 1_000, 100_000, 1_000_000];

const readable = (count: number): string => count.toLocaleString("en");

function crate(what: string, kind: "u32" | "ipv4", count: number): BenchCase {
  return rustCase(CRATE, "client-path", { args: [what, kind, String(count)] });
}

function u32Suite(count: number): BenchSuite {
  const size = String(count);
  return {
    area: "client",
    title: `A datagram's state path, u32 keys, ${readable(count)} clients`,
    unit: "ns",
    reference: CRATE,
    cases: [
      nodeCase(OURS, path, { args: ["table", "u32", size] }),
      nodeCase(BATCHES, path, { args: ["batch", "u32", size] }),
      bunCase(`${OURS}, Bun`, path, { args: ["table", "u32", size] }),
      nodeCase(BY_HAND, path, { args: ["Map", "u32", size] }),
      crate("path", "u32", count),
    ],
    goals: [
      { case: OURS, against: CRATE, atMost: 0.6 },
      { case: BATCHES, against: CRATE, atMost: 0.6 },
    ],
    notes: ["By hand there is one thread, no rate, no expiry: three fields of an object."],
  };
}

function endpointSuite(count: number): BenchSuite {
  const size = String(count);
  const fromRinfo = `${OURS}, from a rinfo string`;
  return {
    area: "client",
    title: `A datagram's state path, IPv4 endpoint keys, ${readable(count)} clients`,
    unit: "ns",
    reference: CRATE,
    cases: [
      nodeCase(OURS, path, { args: ["table", "ipv4", size] }),
      nodeCase(BATCHES, path, { args: ["batch", "ipv4", size] }),
      nodeCase(fromRinfo, path, { args: ["table", "rinfo", size] }),
      nodeCase(`${BY_HAND}, "address:port" joined`, path, { args: ["Map", "rinfo", size] }),
      crate("path", "ipv4", count),
    ],
    goals: [
      { case: OURS, against: CRATE, atMost: 0.6 },
      { case: BATCHES, against: CRATE, atMost: 0.6 },
      { case: fromRinfo, against: CRATE, atMost: 1 },
    ],
    notes: ["The crate is given a SocketAddr, the table an endpoint's words or dgram's { address, port }."],
  };
}

function threadsSuite(whose: "own" | "same"): BenchSuite {
  const what = whose === "own" ? "two threads, own clients" : "two threads, one client";
  return {
    area: "client",
    title: `A datagram's state path, ${what}, u32 keys, 1,000 clients`,
    unit: "ns",
    reference: CRATE,
    cases: [
      nodeCase(OURS, threads, { args: ["1000", whose, "2", "one"] }),
      nodeCase(BATCHES, threads, { args: ["1000", whose, "2", "batch"] }),
      crate(what, "u32", 1_000),
    ],
    goals: [OURS, BATCHES].map((name) => ({ case: name, against: CRATE, atMost: 0.6 })),
    notes: ["Wall time a datagram of both threads together."],
  };
}

/** 1 and 2 workers on one table: what a second one brings. */
const scaling: BenchSuite = {
  area: "client",
  title: "A datagram's state path, 1 and 2 workers, own clients, u32 keys, 1,000 clients",
  unit: "ns",
  reference: `${OURS}, 1 worker`,
  cases: [
    nodeCase(`${OURS}, 1 worker`, threads, { args: ["1000", "own", "1", "one"] }),
    nodeCase(`${OURS}, 2 workers`, threads, { args: ["1000", "own", "2", "one"] }),
    rustCase("the crate, 1 thread", "client-path", { args: ["path", "u32", "1000"] }),
    rustCase("the crate, 2 threads", "client-path", { args: ["two threads, own clients", "u32", "1000"] }),
  ],
  notes: ["Wall time a datagram of all threads together: half of it for two is all that two CPUs can give."],
};

/** Few clients do not pay for what a table has anyway: the budget is the million's. */
function memorySuite(count: number): BenchSuite {
  const size = String(count);
  const ours = (["u32", "ipv4"] as const).map((kind) =>
    nodeCase(`${OURS}, ${kind === "u32" ? kind : "endpoints"}`, memory, {
      args: [kind, size],
      runtimeArgs: ["--expose-gc"],
    }),
  );
  return {
    area: "client",
    title: `Resident memory a client, ${readable(count)} clients`,
    unit: "bytes",
    reference: CRATE,
    cases: [...ours, crate("memory", "u32", count)],
    goals: count < 1_000_000 ? [] : ours.map(({ name }) => ({ case: name, against: CRATE, atMost: 0.6 })),
  };
}

const snapshots: BenchSuite = {
  area: "client",
  title: "A snapshot of all clients",
  unit: "ms",
  reference: "10,000 clients",
  cases: [nodeCase("10,000 clients", snapshot, { args: ["10000"] })],
  notes: ["Wanted: less than 10 ms."],
};

const garbage: BenchSuite = {
  area: "client",
  title: "Collections of the young generation during 1,000,000 datagrams, 1,000 clients",
  unit: "collections",
  reference: "snapshotOf, which allocates",
  cases: [
    nodeCase("u32", collections, { args: ["u32"] }),
    nodeCase("ipv4", collections, { args: ["ipv4"] }),
    nodeCase("rinfo", collections, { args: ["rinfo"] }),
    nodeCase("snapshotOf, which allocates", collections, { args: ["snapshot"] }),
  ],
  goals: ["u32", "ipv4", "rinfo"].map((kind) => {
    return { case: kind, against: "snapshotOf, which allocates", atMost: 0 };
  }),
};

export const suites: readonly BenchSuite[] = [
  ...SIZES.flatMap((count) => [u32Suite(count), endpointSuite(count)]),
  threadsSuite("own"),
  threadsSuite("same"),
  scaling,
  ...[1_000, 100_000, 1_000_000].map(memorySuite),
  snapshots,
  garbage,
];
