import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** The file beside `from` as it lies there: TypeScript in the repository, JavaScript where it was compiled. */
export function sibling(name: string, from: string): URL {
  return new URL(`./${name}${from.endsWith(".ts") ? ".ts" : ".js"}`, from);
}

/** Runs a worker a task, all at once; each posts one message, its result. */
export async function runThreads<Result>(file: URL, tasks: readonly object[]): Promise<Result[]> {
  const workers = tasks.map((task) => new Worker(file, { workerData: task }));
  try {
    return await Promise.all(
      workers.map(async (worker) => {
        const [result] = (await Promise.race([
          once(worker, "message"),
          once(worker, "exit").then(() => Promise.reject(new Error("a worker ended without a result"))),
        ])) as [Result];
        return result;
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Whether the long forms run, as in continuous integration. */
export const long: boolean = process.env.UDP_RELAY_LONG === "1";

/** A small generator of reproducible u32 numbers (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
