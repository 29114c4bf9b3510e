import { ClockError } from "./clock-error.ts";

/** As much of a worker as a ticker needs, the same on Node, Bun and in a page. */
export interface Thread {
  /** Lets the process exit while the thread runs. */
  unref(): void;
  ref(): void;
}

export interface ThreadEvents {
  /** Its first message. */
  ticking(): void;
  failed(cause: unknown): void;
  /** Once, after everything else. */
  ended(): void;
}

/**
 * Starts `script` as a thread, with `data` as its `workerData`, or as its first message in a page.
 *
 * `process.getBuiltinModule` (Node >= 20.16, Bun) instead of an import: importing the clock must not name a module that
 * a page does not have.
 *
 * @throws ClockError `ERR_CLOCK_TICKER_THREAD`
 */
export function startThread(script: URL, data: unknown, events: ThreadEvents): Thread {
  try {
    return typeof process === "object" && typeof process.getBuiltinModule === "function"
      ? startNodeThread(script, data, events)
      : startPageThread(script, data, events);
  } catch (cause) {
    throw new ClockError("ERR_CLOCK_TICKER_THREAD", "the ticker thread could not be started", { cause });
  }
}

function startNodeThread(script: URL, workerData: unknown, events: ThreadEvents): Thread {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const worker = new Worker(script, { workerData, name: THREAD_NAME });
  worker.once("message", () => events.ticking());
  worker.once("error", (cause) => events.failed(cause));
  worker.once("exit", () => events.ended());
  return worker;
}

function startPageThread(script: URL, data: unknown, events: ThreadEvents): Thread {
  const { Worker } = globalThis as unknown as { readonly Worker: PageWorkerClass };
  const worker = new Worker(script, { type: "module", name: THREAD_NAME });
  worker.onmessage = ({ data: message }) => {
    if (message === THREAD_TICKING) events.ticking();
    else events.ended();
  };
  worker.onerror = (event) => {
    events.failed(event);
    events.ended();
  };
  worker.postMessage(data);
  return { ref: () => undefined, unref: () => undefined };
}

/** As much of a page's Worker as is used here; the types of pages are not in this package's. */
type PageWorkerClass = new (
  script: URL,
  options: { type: "module"; name: string },
) => {
  onmessage: (event: { readonly data: unknown }) => void;
  onerror: (event: unknown) => void;
  postMessage(message: unknown): void;
};

const THREAD_NAME = "udp-relay clock";

/** The thread's two messages; a page learns of a worker's end in no other way. */
export const THREAD_TICKING = "ticking";
export const THREAD_ENDED = "ended";
