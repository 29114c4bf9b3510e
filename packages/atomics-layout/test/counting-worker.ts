import {
  add,
  compareExchange,
  instantiate,
  load,
  peek,
  wordsOf,
  type CompoundUpdate,
  type RegionOps,
  type SharedMemory,
  type Words,
} from "@udp-relay/atomics-layout/memory";
import { parentPort, workerData } from "node:worker_threads";
import { addToCounter, readCounter } from "../src/field-counter.ts";

/** What a counting thread does, `rounds` times, to the record at `BASE`. */
interface CountingTask {
  readonly memory: SharedMemory;
  readonly way: string;
  readonly rounds: number;
  readonly threads: number;
}

export const BASE = 1_024;

const updates: readonly CompoundUpdate[] = [
  {
    name: "received",
    parameters: ["bytes", "tick"],
    steps: [
      { op: "advance32", byteOffset: 0, value: { parameter: "tick" } },
      { op: "add32", byteOffset: 4, value: { constant: 1 } },
      { op: "add64", byteOffset: 8, value: { constant: 1 } },
      { op: "add64", byteOffset: 16, value: { parameter: "bytes" } },
    ],
  },
];

const WAYS: Readonly<Record<string, (words: Words, ops: RegionOps, round: number) => void>> = {
  "add, 32 bits": (words) => void add(words, BASE / 4, 3),
  "add, 64 bits": (_, ops) => void ops.add64(BASE, 3),
  "compare-exchange, 32 bits": (words) => {
    for (let old = peek(words, BASE / 4); ;) {
      const found = compareExchange(words, BASE / 4, old, (old + 3) | 0);
      if (found === old) return;
      old = found;
    }
  },
  "compare-exchange of a pair": (_, ops) => {
    for (;;) {
      const low = ops.loadPair(BASE);
      const high = ops.pairHigh();
      const next = (low + 3) | 0;
      const carry = next >>> 0 < low >>> 0 ? 1 : 0;
      if (ops.casPair(BASE, low, high, next, high + carry) === 1) return;
    }
  },
  "compound update": (_, ops, round) => ops.update.received!(BASE, 3, round),
  /** One writer for life: only the first thread adds, the others read and check that the count never falls. */
  "overlap counter, written": (words, ops) => {
    addToCounter(ops, words, BASE / 4, 0x3fff_ffff);
  },
};

function run({ memory, way, rounds, threads }: CountingTask): { backwards: number; last: number } {
  const words = wordsOf(memory);
  const ops = instantiate(memory, updates);
  const step = WAYS[way];
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  for (let here = load(words, 0); here < threads; here = load(words, 0)) Atomics.wait(words, 0, here, 20_000);
  let last = 0;
  let backwards = 0;
  if (step === undefined) {
    while (load(words, 1) === 0) {
      const value = readCounter(ops, BASE);
      if (value < last) backwards++;
      last = value;
    }
    return { backwards, last };
  }
  for (let round = 1; round <= rounds; round++) step(words, ops, round);
  Atomics.store(words, 1, 1);
  return { backwards, last };
}

parentPort?.postMessage(run(workerData as CountingTask));
