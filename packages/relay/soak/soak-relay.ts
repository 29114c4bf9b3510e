// The relay under test, in a process of its own so that its memory is only its own. Needs --expose-gc.
import { parseConfig, Relay } from "@udp-relay/relay";
import { WorkerPool } from "../src/worker/worker-pool.ts";
import type { FromRelay, ToRelay } from "./soak-messages.ts";

const relay = await Relay.start(
  parseConfig({
    host: "0.0.0.0",
    port: 0,
    allow: ["127.0.0.0/8"],
    workers: 2,
    // 200 players, who left within the last 5 s, and up to 64 that the fuzzer registers.
    maxClients: 400,
    timeoutMs: 5_000,
    refreshMs: 100,
  }),
);
const restartsMs: number[] = [];
const tell = (message: FromRelay): void => void process.send?.(message);
const gc = (globalThis as { gc?: () => void }).gc;
if (gc === undefined) throw new Error("run it with --expose-gc");

process.on("disconnect", () => process.exit(1));
process.on("message", (message: ToRelay) => {
  switch (message.type) {
    case "report":
      tell({ type: "report", report: relay.report(), restartsMs });
      break;
    case "kill":
      void restart(message.worker);
      break;
    case "memory": {
      if (message.collect) {
        gc();
        gc();
      }
      const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
      const running = relay.workers.status().filter(({ state }) => state === "running").length;
      tell({ type: "memory", memory: { heapUsed, external, arrayBuffers, rss, running } });
      break;
    }
    case "end":
      void relay.close().then(() => process.disconnect());
      break;
  }
});
tell({ type: "ready", port: relay.port });

async function restart(worker: number): Promise<void> {
  const { workers } = relay;
  if (!(workers instanceof WorkerPool)) return;
  await workers.kill(worker);
  const endedMs = performance.now();
  while (workers.status()[worker]?.state !== "running")
    await new Promise((resolve) => setTimeout(resolve, 5));
  restartsMs.push(performance.now() - endedMs);
}
