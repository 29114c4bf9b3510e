import { endpointFromRinfo, type Endpoint } from "@udp-relay/address-validation";
import type { LinuxSockets } from "@udp-relay/adapters/linux";
import type { RelayConfig } from "../config/relay-config.ts";
import { settleDeath } from "./dead-worker.ts";
import { relayPolicy } from "./relay-policy.ts";
import { startError } from "./relay-transport.ts";
import { SupervisedThreads } from "./supervised-threads.ts";
import type { ToWorker, WorkerStart } from "./worker-messages.ts";
import type { WorkerSet, WorkerSetParts, WorkerStatus } from "./worker-set.ts";
import { logTrouble, type WorkerTrouble } from "./worker-trouble.ts";

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
  readonly #threads: SupervisedThreads<WorkerTrouble>;
  #config: RelayConfig;

  /**
   * @param parts whose configuration names the port
   * @param sockets one a worker; they are the pool's from now on
   * @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START`
   */
  static async open(parts: WorkerSetParts, sockets: LinuxSockets | undefined): Promise<WorkerPool> {
    const pool = new WorkerPool(parts, sockets);
    try {
      await pool.#threads.start();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  private constructor(parts: WorkerSetParts, sockets: LinuxSockets | undefined) {
    const { config, clients, memory, log } = parts;
    this.#parts = parts;
    this.#config = config;
    this.#sockets = sockets;
    this.localEndpoint =
      sockets?.localEndpoint ?? endpointFromRinfo({ address: config.host, port: config.port });
    this.#threads = new SupervisedThreads(
      {
        name: "udp-relay",
        // Beside this file, with its ending.
        program: new URL(`worker-thread${import.meta.url.slice(-3)}`, import.meta.url),
        region: clients.region,
        log,
        startOf: (index, predecessor) => this.#startOf(index, predecessor),
        startError: (message, code) => startError(this.#config, message, code),
        onMessage: (index, trouble) => {
          logTrouble(log, index, trouble);
        },
        onEnded: (index) => settleDeath(memory, index, sockets),
        stopBlocking: (index) => {
          sockets?.stop(index);
        },
      },
      config.workers,
    );
  }

  configure(config: RelayConfig): void {
    const { port } = this.#config;
    relayPolicy(config, port);
    this.#config = { ...config, port, workers: this.#config.workers };
    this.#threads.postAll({ type: "configure", config: this.#config } satisfies ToWorker);
    this.#parts.memory.control.announceMessage();
  }

  publish(): void {
    // Every worker publishes with each batch.
  }

  status(): readonly WorkerStatus[] {
    return this.#threads.status();
  }

  /** Ends a worker at once, wherever it is in its work, as a crash would. For tests and drills. */
  async kill(index: number): Promise<void> {
    await this.#threads.kill(index);
  }

  async close(): Promise<void> {
    await this.#threads.close();
    this.#sockets?.close();
  }

  #startOf(index: number, predecessor: number | undefined): WorkerStart {
    const { clients, memory, clock } = this.#parts;
    return {
      index,
      config: this.#config,
      clients: clients.shared,
      memory: memory.shared,
      clock: clock.shared,
      socket: this.#sockets?.handles[index],
      predecessor,
    };
  }
}
