/** The script of a ticker's thread. It imports nothing of Node's, so that a page can run it as well. */
import { CoarseClock } from "./coarse-clock.ts";
import { waitUnlessStopped } from "./stop-signal.ts";
import { THREAD_ENDED, THREAD_TICKING } from "./thread.ts";
import type { TickerThreadData } from "./ticker-thread.ts";

function tick(data: TickerThreadData, tell: (message: string) => void): void {
  const clock = CoarseClock.attach(data.handle);
  tell(THREAD_TICKING);
  while (waitUnlessStopped(data.stop, data.intervalMs)) clock.update();
  tell(THREAD_ENDED);
}

if (typeof process === "object" && typeof process.getBuiltinModule === "function") {
  const threads = process.getBuiltinModule("node:worker_threads");
  tick(threads.workerData as TickerThreadData, (message) => threads.parentPort?.postMessage(message));
} else {
  const page = globalThis as unknown as {
    onmessage: (event: { data: TickerThreadData }) => void;
    postMessage(message: string): void;
    close(): void;
  };
  page.onmessage = ({ data }) => {
    tick(data, (message) => page.postMessage(message));
    page.close();
  };
}
