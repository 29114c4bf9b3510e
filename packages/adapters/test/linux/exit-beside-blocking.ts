import { startBlockingWorker } from "./start-worker.ts";

// Ends the process while another thread is in `runBlocking`.
await startBlockingWorker({ options: {} });
setTimeout(() => {
  process.stdout.write("exiting\n", () => process.exit(7));
}, 100);
