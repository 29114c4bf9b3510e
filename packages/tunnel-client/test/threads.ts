import { once } from "node:events";
import { Worker } from "node:worker_threads";

/** A worker of this folder's `traffic-worker.ts`, ready, with the words by which it is told what to do. */
export interface TrafficWorker<Result> {
  readonly worker: Worker;
  readonly control: Int32Array<SharedArrayBuffer>;
  /** What it posts when it has done its task. */
  readonly result: Promise<Result>;
}

/** Starts a worker with a task; it waits until `begin`. */
export async function startWorker<Result>(task: object): Promise<TrafficWorker<Result>> {
  const control = new Int32Array(new SharedArrayBuffer(16));
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const script = new URL(`./traffic-worker${extension}`, import.meta.url);
  const worker = new Worker(script, { workerData: { ...task, control } });
  await once(worker, "message");
  return { worker, control, result: once(worker, "message").then(([result]) => result as Result) };
}

/** Lets workers begin at once. */
export function begin(workers: readonly TrafficWorker<unknown>[]): void {
  for (const { control } of workers) {
    Atomics.store(control, 0, 1);
    Atomics.notify(control, 0);
  }
}

/** Waits until a worker has done so many rounds; it goes on. Rejects after 20 s. */
export async function hasBegun({ control }: TrafficWorker<unknown>, rounds: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (Atomics.load(control, 1) < rounds) {
    if (performance.now() > deadline) throw new Error("the worker does not get on");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
