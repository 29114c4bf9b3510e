// A thread that says that it runs, and dies when it is told anything at all.
import { parentPort } from "node:worker_threads";
import type { ThreadMessage } from "../../src/worker/supervised-threads.ts";

parentPort!.once("message", () => process.exit(1));
parentPort!.postMessage({ type: "running", transport: "none", reason: "" } satisfies ThreadMessage);
