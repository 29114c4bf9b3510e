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
  /** The other mode: nothing blocks. */
  readonly eventLoop?: boolean;
}

// A thread of the blocking mode: echoes every datagram until it is stopped, closed or killed.
const { options, busyMicros = 0, closeAt, eventLoop = false } = workerData as BlockingWorkerData;
const transport = await LinuxTransport.open({ host: "127.0.0.1", ...options, blocking: !eventLoop });
let turns = 0;
let closed = 0;
const closing = new Promise<void>((resolve) => {
  transport.onBatch = (batch) => {
    for (let i = 0; i < batch.count; i++) {
      if (batch.length(i) > 0 && batch.slab(i)[batch.offset(i)] === closeAt && closed === 0) {
        closed = performance.now();
        void transport.close().then(resolve);
      }
      transport.forward(batch, i, batch.endpoint(i));
    }
    for (const end = performance.now() + busyMicros / 1_000; performance.now() < end;);
  };
});
parentPort!.postMessage({
  handle: eventLoop ? undefined : transport.blockingHandle,
  port: transport.localEndpoint.port,
});
if (eventLoop) await closing;
else transport.runBlocking({ onTurn: () => (turns += 1) });
const stats = transport.stats();
await transport.close();
const closeMs = closed === 0 ? 0 : performance.now() - closed;
parentPort!.postMessage({ turns, stats, closeMs });
