import type { CompoundUpdate, RecordLayout, SectionPlan, UpdateStep } from "@udp-relay/atomics-layout";

/**
 * One client in shared memory. With endpoint keys line 0 is the map's own (generation, state, two copies of the key);
 * with u32 keys the record begins with a line that does the same for the endpoint.
 *
 *     line 0  identity, read-mostly (u32 keys)        0 SELECT  1 STAMP  4 copy 0 (6 words)  10 copy 1 (6 words)
 *     line 1  what receiving from the client changes  \  0 last tick  1 receiver | start 1  2 count  4 its halves
 *     line 2  what sending to it changes              /  6 claim (tick, bytes)  8 rate (f32, tick)  10 baselines
 *     metrics 48 bytes in a section of their own      0 priority, 1 its digest  2 version  3 latency  4 loss
 *                                                     5 jitter  6 RESET  7 start 0  8 baselines
 *
 * Lines 1 and 2 have the same shape, so that one piece of code keeps the rates of both. 64-bit fields are at even words.
 */
export const LAST_TICK = 0;
/** Line 1: the owner that received last. */
export const RECEIVER = 1;
/** Line 2: tick from which age counts, baseline copy 1. */
export const START_1 = 1;
/** Packets and bytes in one word of 64 bits, and what goes beyond it: see `packed-count.ts`. */
export const COUNT = 2;
export const HALVES = 4;
export const CLAIM = 6;
export const RATE = 8;
/** Packets and bytes at the last reset, copy 0. */
export const BASE_PACKETS_0 = 10;
export const BASE_BYTES_0 = 12;
/** Packets at the last reset, copy 1. Bytes are among the metrics. */
export const BASE_PACKETS_1 = 14;
export const LINE_WORDS = 16;

/** Words of a client's metrics. */
export const PRIORITY = 0;
export const VERSION = 2;
export const LATENCY = 3;
export const LOSS = 4;
export const JITTER = 5;
export const RESET = 6;
export const START_0 = 7;
export const BASE_BYTES_1_IN = 8;
export const BASE_BYTES_1_OUT = 10;
export const METRICS_WORDS = 12;

/** Words of the identity line of a u32 table. */
export const SELECT = 0;
export const COPY_STAMP = 1;
export const COPY_0 = 4;
export const COPY_WORDS = 6;

const RECEIVED = "tunnel_client_received";
const RECEIVED_FOUR = "tunnel_client_received_four";
const RECEIVED_RUN = "tunnel_client_received_run";
const SENT = "tunnel_client_sent";

/** So many datagrams of a batch are counted in one call. */
export const FOUR = 4;

/** Datagrams of `bytes`, as an addition to COUNT. It reports when a part of the word has filled half of its bits. */
function count(word: number, bytes = "bytes", datagrams = 1): UpdateStep {
  const value = { parameter: bytes, shift: 24, plus: datagrams };
  return { op: "add64", byteOffset: word * 4, value, reports: [23, 63] };
}

/** Who receives, and when. */
const arrival: readonly UpdateStep[] = [
  { op: "store32", byteOffset: RECEIVER * 4, value: { parameter: "receiver" } },
  { op: "advance32", byteOffset: LAST_TICK * 4, value: { parameter: "tick" }, reports: true },
];

/** The parameters of the datagrams after the first of four: whose they are, and how long. */
const others = [1, 2, 3].map((i) => ({ line: `line${i}`, bytes: `bytes${i}` }));

/**
 * Byte offsets are from line 1 on. A packet is counted in one call, exactly, however many threads do it at once; the call
 * reports the first of a tick, too, which has to see whether it is time for a fold.
 */
const updates: readonly CompoundUpdate[] = [
  {
    name: RECEIVED,
    parameters: ["bytes", "tick", "receiver"],
    steps: [...arrival, count(COUNT)],
  },
  {
    name: RECEIVED_FOUR,
    parameters: ["bytes", ...others.flatMap(({ line, bytes }) => [line, bytes]), "tick", "receiver"],
    steps: [
      ...arrival,
      count(COUNT),
      ...others.flatMap(({ line, bytes }) =>
        [...arrival, count(COUNT, bytes)].map((step) => ({ ...step, record: line })),
      ),
    ],
  },
  {
    name: RECEIVED_RUN,
    parameters: ["bytes", "tick", "receiver"],
    steps: [...arrival, count(COUNT, "bytes", FOUR)],
  },
  {
    name: SENT,
    parameters: ["bytes", "tick"],
    steps: [
      {
        op: "advance32",
        byteOffset: (LINE_WORDS + LAST_TICK) * 4,
        value: { parameter: "tick" },
        reports: true,
      },
      count(LINE_WORDS + COUNT),
    ],
  },
];

export const updateNames: Readonly<Record<"received" | "receivedFour" | "receivedRun" | "sent", string>> = {
  received: RECEIVED,
  /** Four datagrams, of clients that may be the same. */
  receivedFour: RECEIVED_FOUR,
  /** Four datagrams of one client; `bytes` are of all together. */
  receivedRun: RECEIVED_RUN,
  sent: SENT,
};

/** Version of everything in this file and of the sections that the table adds; part of the region's hash. */
const FORMAT_VERSION = 3;

/** The map's record: lines 0 to 2, or lines 1 and 2. The hash is the same: `attach` learns the kind from the settings. */
export function recordLayout(key: "u32" | "endpoint"): RecordLayout {
  const byteLength = (key === "u32" ? 3 : 2) * LINE_WORDS * 4;
  return { name: "TunnelClient", hash: 0x7c11_0000 + FORMAT_VERSION, byteLength, lineBytes: 64, updates };
}

export function metricsSection(slots: number): SectionPlan {
  return { name: "metrics", byteLength: slots * METRICS_WORDS * 4 };
}
