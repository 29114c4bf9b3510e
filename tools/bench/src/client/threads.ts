/**
 * Threads receive, each from its own clients or all from one: `CLIENTS own|same [THREADS]`, 2 by default. Wall time a
 * datagram of all of them.
 */
import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { TunnelClientTableHandle } from "@udp-relay/tunnel-client";
import { isQuick, report } from "../measure.ts";
import { BATCH, clientsOf, filledTable } from "./clients.ts";

interface Task {
  readonly handle: TunnelClientTableHandle;
  readonly gate: SharedArrayBuffer;
  readonly count: number;
  readonly thread: number;
  readonly same: boolean;
  readonly threads: number;
}

function receive({ handle, gate, count, thread, same, threads }: Task): number {
  const table = TunnelClientTable.attach(handle);
  const clock = new CoarseClock();
  const share = same ? 1 : count / threads;
  const ids = clientsOf("u32", count).ids.subarray(
    same ? 0 : thread * share,
    same ? 1 : (thread + 1) * share,
  );
  let place = 0;
  const work = (batches: number): void => {
    for (let done = 0; done < batches; done++) {
      const tick = clock.update();
      const guard = table.enter();
      for (let n = 0; n < BATCH; n++) {
        table.received(table.find(ids[place]!), 128, tick);
        place = place + 1 === share ? 0 : place + 1;
      }
      guard.leave();
    }
  };
  for (let warm = 0; warm < 400; warm++) work(20);
  const opened = new Int32Array(gate);
  Atomics.add(opened, 0, 1);
  for (let turn = 0; Atomics.load(opened, 0) < threads && turn < 1e9; turn++);
  const budgetMs = isQuick() ? 150 : 700;
  const begun = performance.now();
  let datagrams = 0;
  while (performance.now() - begun < budgetMs) {
    work(100);
    datagrams += 100 * BATCH;
  }
  return datagrams / ((performance.now() - begun) * 1e6);
}

if (isMainThread) {
  const [countText, whose, threadsText = "2"] = process.argv.slice(2);
  const threads = Number(threadsText);
  const count = Number(countText);
  const table = filledTable("u32", count, clientsOf("u32", count));
  const gate = new SharedArrayBuffer(4);
  const rates = await Promise.all(
    Array.from({ length: threads }, async (_, thread) => {
      const task: Task = { handle: table.shared, gate, count, thread, same: whose === "same", threads };
      const [rate] = (await once(new Worker(new URL(import.meta.url), { workerData: task }), "message")) as [
        number,
      ];
      return rate;
    }),
  );
  report(1 / rates.reduce((sum, rate) => sum + rate, 0), { threads });
} else {
  parentPort!.postMessage(receive(workerData as Task));
}
