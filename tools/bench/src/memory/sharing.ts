/**
 * Two threads, each adding to a counter of its own, `bytes` apart: `node sharing.ts plain|add64 BYTES`. Counted are
 * the passes in which the other thread came about as far as this one (a quarter to four times as far): on a busy machine one of the
 * two often waits for a processor.
 */
import { allocate, instantiate, load, peek, poke, store, wordsOf } from "@udp-relay/atomics-layout/memory";
import type { SharedMemory, Words } from "@udp-relay/atomics-layout/memory";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { isQuick, report } from "../measure.ts";

const BASE = 1024;
const RUNNING = 0;
const [way = "", bytes = ""] = process.argv.slice(2);
/** Long enough that plain writes, which a processor gathers, become visible several times a pass. */
const ITERATIONS = 20_000;
const ENOUGH_PASSES = 300;
const LIMIT_MS = isQuick() ? 1_500 : 10_000;

function loopOn(memory: SharedMemory, byteOffset: number, kind: string): () => number {
  const words = wordsOf(memory);
  const ops = instantiate(memory, []);
  const word = byteOffset / 4;
  if (kind === "plain") {
    return () => {
      // Two words in turn: the compiler must not keep the count in a register.
      for (let i = 0; i < ITERATIONS; i++) poke(words, word + (i & 1), (peek(words, word + (i & 1)) + 1) | 0);
      return peek(words, word);
    };
  }
  if (kind !== "add64") throw new Error(`no way "${kind}"`);
  return () => {
    let sum = 0;
    for (let i = 0; i < ITERATIONS; i++) sum += ops.add64(byteOffset, 1);
    return sum;
  };
}

/** How far the other thread is, modulo 2^32. */
function counted(words: Words): number {
  return load(words, BASE / 4) + load(words, BASE / 4 + 1);
}

if (isMainThread) {
  const memory = allocate(4096);
  const words = wordsOf(memory);
  const worker = new Worker(new URL(import.meta.url), { workerData: { memory, way } });
  for (let waited = 0; load(words, RUNNING) === 0 && waited < 1_000; waited++) Atomics.wait(words, 16, 0, 10);
  const loop = loopOn(memory, BASE + Number(bytes), way);
  let sink = 0;
  for (let round = 0; round < 100; round++) sink += loop();
  const together: number[] = [];
  let passes = 0;
  for (
    const ends = performance.now() + LIMIT_MS;
    together.length < ENOUGH_PASSES && performance.now() < ends;
    passes++
  ) {
    const before = counted(words);
    const begun = performance.now();
    sink += loop();
    const ns = (performance.now() - begun) * 1e6;
    const other = ((counted(words) - before) >>> 0) / ITERATIONS;
    if (other >= 0.25 && other <= 4) together.push(ns / ITERATIONS);
  }
  store(words, RUNNING, 2);
  await worker.terminate();
  if (together.length < 10) throw new Error(`the two threads ran together in ${together.length} passes only`);
  together.sort((a, b) => a - b);
  report(together[together.length >> 1]!, { passes, together: together.length, sink });
} else {
  const { memory, way: kind } = workerData as { memory: SharedMemory; way: string };
  const words = wordsOf(memory);
  const loop = loopOn(memory, BASE, kind);
  for (let round = 0; round < 20; round++) loop();
  store(words, RUNNING, 1);
  for (let round = 0; load(words, RUNNING) === 1 && round < 1e6; round++) loop();
}
