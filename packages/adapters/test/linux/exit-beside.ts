import { Worker } from "node:worker_threads";
import { startBlockingWorker } from "./start-worker.ts";

// Argument: what another thread does, "blocking" or "event loop" (a LinuxTransport in that mode) or "nothing". Prints
// the transport's port, 0 without one, and exits with 7 once something is written to its standard input.
const [mode] = process.argv.slice(2);
let port = 0;
if (mode === "nothing") {
  const worker = new Worker("setInterval(() => undefined, 1_000)", { eval: true });
  await new Promise((resolve) => worker.once("online", resolve));
} else {
  ({ port } = await startBlockingWorker({ options: {}, eventLoop: mode === "event loop" }));
}
process.stdin.once("data", () => {
  process.stdout.write("exiting\n", () => process.exit(7));
});
process.stdout.write(`${port}\n`);
