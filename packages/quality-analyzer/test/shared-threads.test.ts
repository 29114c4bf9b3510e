import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { createRegion, type Region, type RegionPlan } from "@udp-relay/atomics-layout";
import { describe, expect, it } from "vitest";
import { qualityRecord, type QualityReadings, SharedQuality } from "../src/index.ts";
import { SeededRandom } from "../src/simulation/index.ts";
import type { RecordingTask } from "./recording-worker.ts";

const plan: RegionPlan = {
  name: "quality threads",
  hash: 2,
  capacity: 1,
  sections: [qualityRecord.section(1)],
};
/** Different states that the reader must have seen. */
const MOMENTS = 200;
const TIMEOUT_MS = 300_000;
/** TypeScript in the repository, JavaScript where the suites were compiled (Node 20). */
const script = new URL(`./recording-worker${extname(import.meta.url)}`, import.meta.url);

interface Recorder {
  readonly worker: Worker;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly ended: Promise<void>;
}

async function startRecorder(region: Region, idling: number): Promise<Recorder> {
  const control = new Int32Array(new SharedArrayBuffer(12));
  const workerData: RecordingTask = { handle: region.shared, plan, idling, control };
  const worker = new Worker(script, { workerData });
  const ended = new Promise<void>((resolve) => void worker.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  return { worker, control, ended };
}

function start({ control }: Recorder): void {
  Atomics.store(control, 0, 1);
  Atomics.notify(control, 0);
}

/** The window is larger than all that is recorded: it and lifetime must agree in every moment. */
function isOneMoment({ lossWindow, lifetime }: QualityReadings): boolean {
  return (lossWindow?.packets ?? 0) === lifetime.packets && (lossWindow?.lost ?? 0) === lifetime.lost;
}

describe("shared records and real threads", () => {
  it(
    "count every sample or its skip, and never show the middle of one",
    async () => {
      const region = createRegion(plan);
      const quality = new SharedQuality(region, region.claimOwner()).at(0);
      const recorders = [await startRecorder(region, 3_000), await startRecorder(region, 3_000)];
      recorders.forEach(start);
      const total = (word: number): number =>
        recorders.reduce((sum, { control }) => sum + Atomics.load(control, word), 0);
      let [torn, moments, last] = [0, 0, -1];
      const giveUpMs = performance.now() + 20_000;
      while (moments < MOMENTS && performance.now() < giveUpMs) {
        const readings = quality.read();
        if (readings === undefined) continue;
        if (!isOneMoment(readings)) torn++;
        if (readings.lifetime.packets !== last) moments++;
        last = readings.lifetime.packets;
      }
      for (const { control } of recorders) Atomics.store(control, 0, 2);
      await Promise.all(recorders.map(({ ended }) => ended));
      const [recorded, skipped] = [total(1), total(2)];
      const readings = quality.read()!;
      expect(readings.lifetime.packets).toBe(recorded);
      expect(readings.skipped).toBe(skipped);
      expect(readings.takeovers).toBe(0);
      expect(torn).toBe(0);
      expect(moments).toBe(MOMENTS);
    },
    TIMEOUT_MS,
  );

  it(
    "outlive workers that are killed while they record",
    async () => {
      const random = new SeededRandom(15);
      const region = createRegion(plan);
      const owner = region.claimOwner();
      const quality = new SharedQuality(region, owner, { windowPackets: 1e9, windowMs: Infinity }).at(0);
      quality.initialize();
      let recorded = 0;
      let insideLock = 0;
      // Enough of them inside the lock; the long form counts what share of the kills that is.
      const long = process.env.UDP_RELAY_LONG === "1";
      let kills = 0;
      for (; kills < (long ? 300 : 60) && (long || insideLock < 3); kills++) {
        const recorder = await startRecorder(region, 0);
        const { threadId } = recorder.worker;
        start(recorder);
        await new Promise((resolve) => setTimeout(resolve, 2 + (random.nextUint32() % 8)));
        void recorder.worker.terminate();
        await recorder.ended;
        expect(region.declareThreadDead(threadId)).toBe(1);
        if (quality.repair()) insideLock++;
        recorded += recorder.control[1]!;
        const readings = quality.read()!;
        expect(readings).toBeDefined(); // not stuck
        expect(readings.takeovers).toBe(insideLock);
        // Each kill: at most the sample in the dead one's hands is counted there and not here.
        const { packets, lost } = readings.lifetime;
        expect(packets - recorded >= 0 && packets - recorded <= kills + 1).toBe(true);
        expect(lost <= packets).toBe(true);
        expect(quality.recordPacket(false)).toBe(true);
        recorded++;
        region.repairDead(owner);
      }
      expect(recorded).toBeGreaterThan(kills * 100);
      expect(insideLock / kills).toBeGreaterThan(long ? 0.25 : 0.05);
    },
    TIMEOUT_MS,
  );
});
