import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { superviseWorker, type RegionHandle } from "@udp-relay/atomics-layout";
import { ShardedMap } from "@udp-relay/sharded-map";

if (isMainThread) {
  const rooms = ShardedMap.create({ capacity: 200, key: "u32", recordBytes: 8 });
  const worker = new Worker(new URL(import.meta.url), { workerData: rooms.shared });
  superviseWorker(rooms.region, worker); // puts right whatever the worker was doing, if it dies
  worker.once("message", (handle: number) => {
    using guard = rooms.enter(); // slot numbers are good until it ends
    const slot = rooms.resolve(handle); // -1 once the room is gone
    console.log(`room ${rooms.keyOf(slot)} of ${rooms.size}, in ${guard.depth} guard`);
  });
} else {
  const rooms = ShardedMap.attach(workerData as RegionHandle);
  const guard = rooms.enter();
  const slot = rooms.getOrInsert(42); // >= 0, or FULL = -1, or BUSY = -2; rooms.created says which
  if (slot >= 0) parentPort?.postMessage(rooms.handle(slot)); // outlives the guard
  guard.leave();
}
