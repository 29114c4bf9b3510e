import { parentPort, workerData } from "node:worker_threads";
import { type ClockHandle, CoarseClock } from "@udp-relay/clock";

const { handle, stop } = workerData as { handle: ClockHandle; stop: Int32Array<SharedArrayBuffer> };
// Attaching updates the clock; from here on this thread only reads.
const clock = CoarseClock.attach(handle);
const samples: number[] = [];
while (Atomics.wait(stop, 0, 0, 0.5) === "timed-out") samples.push(clock.stalenessMs());
parentPort?.postMessage(samples);
