// One worker of the relay: started by WorkerPool with handles to everything shared.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { LinuxSocketHandle, LinuxTransport } from "@udp-relay/adapters/linux";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { RelayMemory } from "../shared/relay-memory.ts";
import { AnnouncedMessages } from "./announced-messages.ts";
import { relayProtocol } from "./relay-protocol.ts";
import { openRelayTransport, systemCode, transportTrouble } from "./relay-transport.ts";
import { RelayWorker } from "./relay-worker.ts";
import type { ThreadMessage } from "./supervised-threads.ts";
import type { ToWorker, WorkerStart } from "./worker-messages.ts";
import type { WorkerTrouble } from "./worker-trouble.ts";

/** A full receive buffer of the predecessor is read in far less. */
const DRAINED_AFTER_MS = 1_000;

const { config, index, socket, predecessor, ...handles } = workerData as WorkerStart;
const supervisor = parentPort!;
const tell = (message: ThreadMessage | WorkerTrouble): void => {
  supervisor.postMessage(message);
};

try {
  const clock = CoarseClock.attach(handles.clock);
  const clients = TunnelClientTable.attach(handles.clients, { clock });
  const memory = RelayMemory.attach(handles.memory);
  const protocol = await relayProtocol(config);
  const parts = { config, index, protocol, clients, memory, clock, onTrouble: tell };
  if (socket === undefined) await relayOnEventLoop();
  else await relayInSocket(socket);

  /** A socket of the worker's own; what the kernel has queued in it dies with the worker. */
  async function relayOnEventLoop(): Promise<void> {
    const { transport, reason } = await openRelayTransport(config, {
      reusePort: config.workers > 1,
      onTrouble: tell,
    });
    const worker = new RelayWorker({ ...parts, transport });
    // The predecessor's queue went with its socket: nobody waits for it.
    if (predecessor !== undefined) clients.drained(predecessor);
    supervisor.on("message", (message: ToWorker) => {
      if (message.type === "configure") worker.configure(message.config);
      else void worker.close().then(leave);
    });
    tell({ type: "running", transport: transport.kind, reason });
  }

  /** A socket of the supervisor's, which outlives this thread. The thread does nothing but wait for datagrams. */
  async function relayInSocket(socket: LinuxSocketHandle): Promise<void> {
    const linux = await import("@udp-relay/adapters/linux");
    const { maxDatagramBytes } = config;
    const transport: LinuxTransport = await linux.LinuxTransport.open({
      socket,
      blocking: true,
      maxDatagramBytes,
      onError: transportTrouble(tell),
    });
    const worker = new RelayWorker({ ...parts, transport, socketOutlives: true });
    const startTick = clock.update();
    const messages = new AnnouncedMessages<ToWorker>(memory.control, () => receiveMessageOnPort(supervisor));
    const obey = (message: ToWorker): void => {
      if (message.type === "configure") worker.configure(message.config);
    };
    let drained = predecessor === undefined;
    let seenBatches = 0;
    tell({ type: "running", transport: transport.kind, reason: transport.binding });
    transport.runBlocking({
      // Timers and messages stand still meanwhile: what they would do is done between batches.
      onTurn: () => {
        // A batch has updated the clock.
        const { batches } = worker.tunnel;
        const tick = batches === seenBatches ? clock.update() : clock.recentMs();
        seenBatches = batches;
        clients.beat(tick);
        worker.turn(tick);
        if (!drained && (tick - startTick) >>> 0 >= DRAINED_AFTER_MS) {
          clients.drained(predecessor);
          drained = true;
        }
        messages.read(obey);
      },
    });
    await worker.close();
    leave();
  }

  function leave(): void {
    clients[Symbol.dispose]();
    clock[Symbol.dispose]();
    supervisor.close();
  }
} catch (error) {
  tell({ type: "failed", message: (error as Error).message, code: systemCode(error) });
}
