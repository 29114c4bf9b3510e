import { parentPort, workerData } from "node:worker_threads";
import { LinuxTransport } from "../../src/transport/linux.ts";
import type { LinuxTransportOptions } from "../../src/transport/linux.ts";

/** What the thread is told. */
export interface BlockingWorkerData {
  readonly options: LinuxTransportOptions;
  /** Microseconds that each batch keeps the thread busy. */
  readonly busyMicros?: number;
  /** Closes the transport itself at the first datagram that begins with this byte. */
  readonly closeAt?: number;
}

// A thread of the blocking mode: echoes every datagram until it is stopped, closed or killed.
const { options, busyMicros = 0, closeAt } = workerData as BlockingWorkerData;
const transport = await LinuxTransport.open({ host: "127.0.0.1", ...options, blocking: true });
let turns = 0;
transport.onBatch = (batch) => {
  for (let i = 0; i < batch.count; i++) {
    if (batch.length(i) > 0 && batch.slab(i)[batch.offset(i)] === closeAt) void transport.close();
    transport.forward(batch, i, batch.endpoint(i));
  }
  for (const end = performance.now() + busyMicros / 1_000; performance.now() < end;);
};
parentPort!.postMessage({ handle: transport.blockingHandle, port: transport.localEndpoint.port });
transport.runBlocking({ onTurn: () => (turns += 1) });
const stats = transport.stats();
await transport.close();
parentPort!.postMessage({ turns, stats });
