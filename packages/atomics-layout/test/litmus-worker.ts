import {
  instantiate,
  load,
  pause,
  poke,
  store,
  wordsOf,
  type SharedMemory,
} from "@udp-relay/atomics-layout/memory";
import { parentPort, workerData } from "node:worker_threads";
import { BARRIER, CELLS, CELL_WORDS, FIRST_CELL, PROGRESS, SEEN, SHAPES } from "./litmus-shapes.ts";

interface Task {
  readonly memory: SharedMemory;
  readonly shape: string;
  readonly thread: number;
  readonly batches: number;
}

const { memory, shape, thread, batches } = workerData as Task;
const words = wordsOf(memory);
const ops = instantiate(memory, []);
const { threads, steps, forbidden } = SHAPES[shape]!;
const step = steps[thread]!;

/**
 * Each batch runs one step of this thread over all cells while the other threads run theirs; between two batches the
 * first thread counts the outcomes and clears the cells.
 */
function run(): { forbidden: number; outcomes: Record<string, number> } {
  let seen = 0;
  const outcomes: Record<string, number> = {};
  for (let batch = 0; batch < batches; batch++) {
    meet(batch * 2 + 1);
    for (let cell = 0; cell < CELLS; cell++) {
      if ((cell & 7) === 0) keepStep(batch * CELLS + cell + 1);
      step(words, ops, FIRST_CELL + cell * CELL_WORDS);
    }
    meet(batch * 2 + 2);
    if (thread !== 0) continue;
    for (let cell = 0; cell < CELLS; cell++) {
      const at = FIRST_CELL + cell * CELL_WORDS;
      if (forbidden(words, at)) seen++;
      const observed = [0, 1, 2, 3].map((i) => load(words, at + SEEN + i)).join("");
      outcomes[observed] = (outcomes[observed] ?? 0) + 1;
      for (let i = 0; i < CELL_WORDS; i++) poke(words, at + i, 0);
    }
  }
  return { forbidden: seen, outcomes };
}

/**
 * Waits a moment for the slowest thread, so that threads which run at the same time are at the same cells; on a busy
 * machine they are seldom on processors together, and then the moment passes.
 */
function keepStep(progress: number): void {
  store(words, PROGRESS + thread * 16, progress);
  for (let spin = 0; spin < 100; spin++) {
    let slowest = progress;
    for (let other = 0; other < threads; other++) {
      slowest = Math.min(slowest, load(words, PROGRESS + other * 16));
    }
    if (slowest === progress) return;
  }
}

/** A barrier: the last to arrive opens the round. It spins, since threads that wake by a notify hardly overlap. */
function meet(round: number): void {
  if (Atomics.add(words, BARRIER, 1) + 1 === threads * round) {
    store(words, BARRIER + 16, round);
    Atomics.notify(words, BARRIER + 16);
    return;
  }
  for (let spin = 0; spin < 20_000; spin++) {
    if (load(words, BARRIER + 16) >= round) return;
    pause();
  }
  for (let opened = load(words, BARRIER + 16); opened < round; opened = load(words, BARRIER + 16)) {
    if (Atomics.wait(words, BARRIER + 16, opened, 20_000) === "timed-out")
      throw new Error("a thread is missing");
  }
}

parentPort!.postMessage(run());
