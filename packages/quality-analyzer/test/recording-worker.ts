import { parentPort, workerData } from "node:worker_threads";
import { attachRegion, type RegionHandle, type RegionPlan } from "@udp-relay/atomics-layout";
import { SharedQuality } from "../src/index.ts";
import { SeededRandom } from "../src/simulation/index.ts";

export interface RecordingTask {
  readonly handle: RegionHandle;
  readonly plan: RegionPlan;
  /** Random numbers drawn between two samples, so that readers find a gap; 0: samples back to back. */
  readonly idling: number;
  /** Word 0: 1 starts the worker, 2 stops it; words 1 and 2: samples that it recorded and that it skipped. */
  readonly control: Int32Array<SharedArrayBuffer>;
}

const task = workerData as RecordingTask;
const region = attachRegion(task.handle, task.plan);
const quality = new SharedQuality(region, region.claimOwner("recorder"), {
  windowPackets: 1e9,
  windowMs: Infinity,
}).at(0);
const { control } = task;
parentPort!.postMessage("ready");
Atomics.wait(control, 0, 0);
const random = new SeededRandom(1);
for (let i = 0; Atomics.load(control, 0) !== 2; i++) {
  for (let j = 0; j < task.idling; j++) random.nextUint32();
  if (quality.recordPacket(i % 3 === 0, i)) Atomics.add(control, 1, 1);
  else Atomics.add(control, 2, 1);
}
