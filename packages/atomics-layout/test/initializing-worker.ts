import { createRegion, type RegionPlan } from "@udp-relay/atomics-layout";
import type { SharedMemory } from "@udp-relay/atomics-layout/memory";
import { parentPort, workerData } from "node:worker_threads";

const { memories, gate, threads, plan } = workerData as {
  readonly memories: readonly SharedMemory[];
  readonly gate: Int32Array<SharedArrayBuffer>;
  readonly threads: number;
  readonly plan: RegionPlan;
};

/** One memory after the other, all threads at once; posts the keys that this thread found in each. */
const keys = memories.map((memory, round) => {
  Atomics.add(gate, 0, 1);
  for (let spin = 0; Atomics.load(gate, 0) < threads * (round + 1); spin++) {
    if (spin > 10_000) Atomics.wait(gate, 1, 0, 1);
  }
  return createRegion(plan, { memory }).hashKeys.join();
});
parentPort!.postMessage(keys);
