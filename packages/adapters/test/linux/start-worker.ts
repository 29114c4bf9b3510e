import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { BlockingHandle } from "../../src/transport/linux.ts";
import type { TransportStats } from "../../src/transport/transport-stats.ts";
import type { BlockingWorkerData } from "./blocking-worker.ts";

/** A thread in `runBlocking`, or on its event loop if told so (`handle` is undefined then). */
export interface BlockingWorker {
  readonly worker: Worker;
  readonly handle: BlockingHandle;
  readonly port: number;
  /** What it says once `runBlocking` has returned, or its event loop has closed the transport. */
  readonly ended: Promise<{
    readonly turns: number;
    readonly stats: TransportStats;
    /** From its own `close()` to the end; 0 if it was stopped. */
    readonly closeMs: number;
  }>;
}

/** Compiled suites (Node 20) run compiled workers. */
const extension = extname(import.meta.url);

export async function startBlockingWorker(
  workerData: BlockingWorkerData,
  onWorker?: (worker: Worker) => void,
): Promise<BlockingWorker> {
  const worker = new Worker(new URL(`./blocking-worker${extension}`, import.meta.url), { workerData });
  onWorker?.(worker);
  const [{ handle, port }] = (await once(worker, "message")) as [{ handle: BlockingHandle; port: number }];
  const ended = once(worker, "message").then(([message]) => message as Awaited<BlockingWorker["ended"]>);
  // A worker that is killed says nothing.
  ended.catch(() => undefined);
  return { worker, handle, port, ended };
}
