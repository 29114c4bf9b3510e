/** Lookups of several threads at once in one ShardedMap: `KIND ENTRIES THREADS`. Prints the wall time a lookup of all. */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { peek } from "@udp-relay/atomics-layout/memory";
import { ShardedMap } from "@udp-relay/sharded-map";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { isQuick, report } from "../measure.ts";
import { keysOf } from "./keys.ts";
import type { KeyKind } from "./keys.ts";

interface Task {
  readonly handle: RegionHandle;
  readonly gate: SharedArrayBuffer;
  readonly kind: KeyKind;
  readonly entries: number;
  readonly thread: number;
  readonly threads: number;
}

const BATCH = 64;

function lookUp({ handle, gate, kind, entries, thread, threads }: Task): number {
  const map = ShardedMap.attach(handle);
  const { words } = map.region;
  const records = map.region.section("records").byteOffset >>> 2;
  const { u32, a0, a1, a2, a3, port } = keysOf(kind, entries);
  let place = Math.floor((thread * entries) / threads);
  let sum = 0;
  const byU32 = (batches: number): void => {
    for (let done = 0; done < batches; done++) {
      const guard = map.enter();
      for (let n = 0; n < BATCH; n++) {
        sum += peek(words, records + map.get(u32[place]!) * 2);
        place = place + 1 === entries ? 0 : place + 1;
      }
      guard.leave();
    }
  };
  const byEndpoint = (batches: number): void => {
    for (let done = 0; done < batches; done++) {
      const guard = map.enter();
      for (let n = 0; n < BATCH; n++) {
        const slot = map.getWords(a0[place]!, a1[place]!, a2[place]!, a3[place]!, port[place]!, 0);
        sum += peek(words, records + slot * 2);
        place = place + 1 === entries ? 0 : place + 1;
      }
      guard.leave();
    }
  };
  const look = kind === "u32" ? byU32 : byEndpoint;
  for (let warm = 0; warm < 400; warm++) look(10);
  const opened = new Int32Array(gate);
  Atomics.add(opened, 0, 1);
  for (let turn = 0; Atomics.load(opened, 0) < threads && turn < 1e9; turn++);
  const budgetMs = isQuick() ? 100 : 500;
  const begun = performance.now();
  let lookups = 0;
  while (performance.now() - begun < budgetMs) {
    look(160);
    lookups += 160 * BATCH;
  }
  const rate = lookups / ((performance.now() - begun) * 1e6);
  return sum === -1 ? 0 : rate;
}

if (isMainThread) {
  const kind = process.argv[2] as KeyKind;
  const entries = Number(process.argv[3]);
  const threads = Number(process.argv[4]);
  const map = ShardedMap.create({
    capacity: entries,
    key: kind === "u32" ? "u32" : "endpoint",
    recordBytes: 8,
  });
  const keys = keysOf(kind, entries);
  const filling = map.enter();
  for (let i = 0; i < entries; i++) {
    if (kind === "u32") map.getOrInsert(keys.u32[i]!);
    else map.getOrInsertWords(keys.a0[i]!, keys.a1[i]!, keys.a2[i]!, keys.a3[i]!, keys.port[i]!, 0);
  }
  filling.leave();
  const gate = new SharedArrayBuffer(4);
  const workers = Array.from({ length: threads }, (_, thread) => {
    const task: Task = { handle: map.region.shared, gate, kind, entries, thread, threads };
    return once(new Worker(new URL(import.meta.url), { workerData: task }), "message") as Promise<[number]>;
  });
  const rates = await Promise.all(workers);
  report(1 / rates.reduce((sum, [rate]) => sum + rate, 0), { threads });
} else {
  parentPort!.postMessage(lookUp(workerData as Task));
}
