import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** The file beside `from` as it lies there: TypeScript in the repository, JavaScript where it was compiled. */
export function sibling(name: string, from: string): URL {
  return new URL(`./${name}${from.endsWith(".ts") ? ".ts" : ".js"}`, from);
}

/** Runs a worker a task, all at once; each posts one message, its result. */
export async function runThreads<Result>(file: URL, tasks: readonly object[]): Promise<Result[]> {
  const workers = tasks.map((task) => new Worker(file, { workerData: task }));
  const results = workers.map(async (worker) => {
    const [result] = (await once(worker, "message")) as [Result];
    return result;
  });
  try {
    return await Promise.all(results);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
