/**
 * Threads receive, each from its own clients or all from one: `CLIENTS own|same THREADS one|batch`, one datagram after the
 * other or 32 at once. Wall time a datagram of all of them, by each thread's median pass: one that was interrupted says
 * nothing. (Where other processes run the threads seldom meet, and one client costs what own clients do.)
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
  readonly batches: boolean;
}

const BATCHES_A_PASS = 100;

/** Datagrams a nanosecond. */
function receive({ handle, gate, count, thread, same, threads, batches }: Task): number {
  const table = TunnelClientTable.attach(handle);
  const clock = new CoarseClock();
  const share = same ? 1 : count / threads;
  const ids = clientsOf("u32", count).ids.subarray(
    same ? 0 : thread * share,
    same ? 1 : (thread + 1) * share,
  );
  let place = 0;
  const work = (rounds: number): void => {
    for (let done = 0; done < rounds; done++) {
      const tick = clock.update();
      const guard = table.enter();
      for (let n = 0; n < BATCH; n++) {
        table.received(table.find(ids[place]!), 128, tick);
        place = place + 1 === share ? 0 : place + 1;
      }
      guard.leave();
    }
  };
  const senders = new Uint32Array(BATCH);
  const slots = new Int32Array(BATCH);
  const lengths = new Uint16Array(BATCH).fill(128);
  const workByBatch = (rounds: number): void => {
    for (let done = 0; done < rounds; done++) {
      const tick = clock.update();
      const guard = table.enter();
      for (let n = 0; n < BATCH; n++) {
        senders[n] = ids[place]!;
        place = place + 1 === share ? 0 : place + 1;
      }
      table.findBatch(senders, slots, BATCH);
      table.receivedBatch(slots, lengths, BATCH, tick);
      guard.leave();
    }
  };
  const pass = batches ? workByBatch : work;
  for (let warm = 0; warm < 400; warm++) pass(20);
  const opened = new Int32Array(gate);
  Atomics.add(opened, 0, 1);
  for (let turn = 0; Atomics.load(opened, 0) < threads && turn < 1e9; turn++);
  const budgetMs = isQuick() ? 150 : 700;
  const passes: number[] = [];
  const begun = performance.now();
  for (let last = begun; last - begun < budgetMs;) {
    pass(BATCHES_A_PASS);
    const now = performance.now();
    passes.push(now - last);
    last = now;
  }
  passes.sort((a, b) => a - b);
  return (BATCHES_A_PASS * BATCH) / (passes[passes.length >> 1]! * 1e6);
}

if (isMainThread) {
  const [countText, whose, threadsText, engine] = process.argv.slice(2);
  const threads = Number(threadsText);
  const count = Number(countText);
  const table = filledTable("u32", count, clientsOf("u32", count));
  const gate = new SharedArrayBuffer(4);
  const rates = await Promise.all(
    Array.from({ length: threads }, async (_, thread) => {
      const task: Task = {
        handle: table.shared,
        gate,
        count,
        thread,
        same: whose === "same",
        threads,
        batches: engine === "batch",
      };
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
