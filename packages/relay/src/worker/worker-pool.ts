import { Worker } from "node:worker_threads";
import { endpointFromRinfo, type Endpoint } from "@udp-relay/address-validation";
import type { LinuxSockets } from "@udp-relay/adapters/linux";
import { superviseWorker } from "@udp-relay/atomics-layout";
import type { RelayConfig } from "../config/relay-config.ts";
import { RelayError } from "../relay-error.ts";
import type { WorkerState } from "../report/relay-report.ts";
import { settleDeath } from "./dead-worker.ts";
import { relayPolicy } from "./relay-policy.ts";
import { startError } from "./relay-transport.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./worker-messages.ts";
import type { WorkerSet, WorkerSetParts, WorkerStatus } from "./worker-set.ts";

/** A worker that stopped in order is given so long to close its socket. */
const STOP_WITHIN_MS = 1_000;
/** A worker that dies again within this long of its start waits before the next one. */
const QUICK_DEATH_MS = 1_000;
const RESTART_DELAY_MS = 250;
/** A worker allocates next to nothing for long: V8's default lets each keep 48 MiB of garbage before it looks. */
const WORKER_YOUNG_MIB = 6;

interface Seat {
  readonly index: number;
  state: WorkerState;
  transport: string;
  restarts: number;
  worker: Worker | undefined;
  startedMs: number;
}

/**
 * Threads that relay, each with a socket of its own on one port, over one client table. One that dies is settled,
 * what it held in shared memory is taken over, and its successor relays within a second.
 *
 * Where the Linux transport is to be had its sockets belong to this thread: a dead worker's queue waits for its
 * successor. Elsewhere a worker's socket, and what the kernel had queued in it, dies with the worker.
 */
export class WorkerPool implements WorkerSet {
  readonly localEndpoint: Endpoint;
  readonly #parts: WorkerSetParts;
  readonly #sockets: LinuxSockets | undefined;
  readonly #seats: Seat[] = [];
  #config: RelayConfig;
  #closing = false;

  /**
   * @param parts whose configuration names the port
   * @param sockets one a worker; they are the pool's from now on
   * @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START`
   */
  static async open(parts: WorkerSetParts, sockets: LinuxSockets | undefined): Promise<WorkerPool> {
    const pool = new WorkerPool(parts, sockets);
    try {
      await Promise.all(pool.#seats.map((seat) => pool.#start(seat, undefined)));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  private constructor(parts: WorkerSetParts, sockets: LinuxSockets | undefined) {
    const { config } = parts;
    this.#parts = parts;
    this.#config = config;
    this.#sockets = sockets;
    this.localEndpoint =
      sockets?.localEndpoint ?? endpointFromRinfo({ address: config.host, port: config.port });
    for (let index = 0; index < config.workers; index++) {
      const seat: Seat = {
        index,
        state: "starting",
        transport: "",
        restarts: 0,
        worker: undefined,
        startedMs: 0,
      };
      this.#seats.push(seat);
    }
  }

  configure(config: RelayConfig): void {
    const { port } = this.#config;
    relayPolicy(config, port);
    this.#config = { ...config, port, workers: this.#config.workers };
    for (const { worker } of this.#seats) {
      worker?.postMessage({ type: "configure", config: this.#config } satisfies ToWorker);
    }
    this.#parts.memory.control.announceMessage();
  }

  publish(): void {
    // Every worker publishes with each batch.
  }

  status(): readonly WorkerStatus[] {
    return this.#seats.map(({ state, transport, restarts }) => ({ state, transport, restarts }));
  }

  /** Ends a worker at once, wherever it is in its work, as a crash would. For tests and drills. */
  async kill(index: number): Promise<void> {
    await this.#seats[index]?.worker?.terminate();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#seats.map((seat) => this.#stop(seat)));
    this.#sockets?.close();
  }

  /** Resolves once the worker relays. */
  async #start(seat: Seat, predecessor: number | undefined): Promise<void> {
    const { index } = seat;
    const { clients, memory, clock, log } = this.#parts;
    const start: WorkerStart = {
      index,
      config: this.#config,
      clients: clients.shared,
      memory: memory.shared,
      clock: clock.shared,
      socket: this.#sockets?.handles[index],
      predecessor,
    };
    // Beside this file, with its ending: .ts in a checkout, .js in the published package.
    const program = new URL(`worker-thread${import.meta.url.slice(-3)}`, import.meta.url);
    const worker = new Worker(program, {
      workerData: start,
      name: `udp-relay ${index}`,
      resourceLimits: { maxYoungGenerationSizeMb: WORKER_YOUNG_MIB },
    });
    const { threadId } = worker;
    seat.worker = worker;
    seat.startedMs = performance.now();
    superviseWorker(clients.region, worker, {
      onError: (error) => log.error({ worker: index, error: String(error) }, "a repair failed"),
    });
    worker.on("error", (error) => log.error({ worker: index, error: String(error) }, "a worker failed"));
    worker.once("exit", () => this.#ended(seat, threadId));
    await new Promise<void>((resolve, reject) => {
      worker.on("message", (message: FromWorker) => {
        if (message.type === "failed") reject(startError(this.#config, message.message, message.code));
        if (message.type !== "running") return;
        const { transport, reason } = message;
        seat.transport = transport;
        seat.state = "running";
        log.info({ worker: index, transport, reason }, "a worker relays");
        resolve();
      });
      worker.once("exit", () => {
        reject(new RelayError("ERR_RELAY_START", `worker ${index} ended before it relayed`));
      });
    });
  }

  /** The thread is gone, and `superviseWorker` has repaired what it held in the client table. */
  #ended(seat: Seat, threadId: number): void {
    const { index } = seat;
    const { memory, log } = this.#parts;
    seat.worker = undefined;
    const died = settleDeath(memory, index, this.#sockets);
    if (this.#closing) {
      seat.state = "stopped";
      return;
    }
    seat.state = "restarting";
    seat.restarts++;
    log.warn(
      { worker: index, workerDied: died, restarts: seat.restarts },
      "a worker died and is started again",
    );
    const soon = performance.now() - seat.startedMs >= QUICK_DEATH_MS;
    setTimeout(
      () => {
        if (this.#closing) return;
        this.#start(seat, threadId).catch((error: unknown) => {
          log.error({ worker: index, error: String(error) }, "a worker could not be started");
          // One that reported and lives on without a socket: its end starts the next.
          void seat.worker?.terminate();
        });
      },
      soon || seat.restarts === 1 ? 0 : RESTART_DELAY_MS,
    );
  }

  async #stop(seat: Seat): Promise<void> {
    const { worker } = seat;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => {
      worker.once("exit", () => {
        resolve();
      });
    });
    worker.postMessage({ type: "stop" } satisfies ToWorker);
    this.#sockets?.stop(seat.index);
    const late = setTimeout(() => void worker.terminate(), STOP_WITHIN_MS);
    await ended;
    clearTimeout(late);
  }
}
