/** A Bun worker that starts after the wall clock was set ahead: both of its wall times are of the new setting. */
import { parentPort, workerData } from "node:worker_threads";
import { CoarseClock } from "@udp-relay/clock";
import { type Comparison, takeTurns } from "./compare-clocks.ts";

const { comparison, stepMs } = workerData as { comparison: Comparison; stepMs: number };
const realNow = Date.now;
const realOrigin = performance.timeOrigin;
Date.now = () => realNow() + stepMs;
Object.defineProperty(performance, "timeOrigin", { value: realOrigin + stepMs });
const clock = CoarseClock.attach(comparison.handle);
parentPort?.postMessage("attached");
takeTurns(clock, comparison, 1);
