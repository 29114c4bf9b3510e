import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

interface BunGlobal {
  gc(force: boolean): void;
}

/** What this process holds once the garbage is gone, bytes. */
export function collectedMemory(): { objectBytes: number; rssBytes: number } {
  collect();
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { objectBytes: heapUsed + external, rssBytes: rss };
}

function collect(): void {
  const { Bun } = globalThis as { Bun?: BunGlobal };
  if (Bun !== undefined) {
    Bun.gc(true);
    return;
  }
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
