import { AdapterError, type DatagramTransport } from "@udp-relay/adapters";
import type { Endpoint } from "@udp-relay/address-validation";
import { openRelayTransport, startError, systemCode } from "./relay-transport.ts";
import { RelayWorker } from "./relay-worker.ts";
import type { WorkerSet, WorkerSetParts, WorkerStatus } from "./worker-set.ts";
import type { RelayConfig } from "../config/relay-config.ts";
import { logTrouble, type WorkerTrouble } from "./worker-trouble.ts";

/** The one worker of a relay without threads: it shares the main thread with everything else. */
export class LocalWorker implements WorkerSet {
  readonly threadsRefused: string | undefined;
  readonly #transport: DatagramTransport;
  readonly #worker: RelayWorker;

  /**
   * @param threadsRefused why there are no threads although some were asked for
   * @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START`
   */
  static async open(parts: WorkerSetParts, threadsRefused?: string): Promise<LocalWorker> {
    const { config, log } = parts;
    const onTrouble = (trouble: WorkerTrouble): void => {
      logTrouble(log, 0, trouble);
    };
    const { transport, reason } = await openRelayTransport(config, { onTrouble }).catch((error: unknown) => {
      if (!(error instanceof AdapterError)) throw error;
      throw startError(config, error.message, systemCode(error), error);
    });
    log.info({ transport: transport.kind, reason }, "a socket is open");
    try {
      const worker = new RelayWorker({ ...parts, transport, index: 0, onTrouble });
      return new LocalWorker(transport, worker, threadsRefused);
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  private constructor(transport: DatagramTransport, worker: RelayWorker, threadsRefused: string | undefined) {
    this.threadsRefused = threadsRefused;
    this.#transport = transport;
    this.#worker = worker;
  }

  get localEndpoint(): Endpoint {
    return this.#transport.localEndpoint;
  }

  configure(config: RelayConfig): void {
    this.#worker.configure(config);
  }

  publish(): void {
    this.#worker.publish();
  }

  status(): readonly WorkerStatus[] {
    const { kind } = this.#transport;
    return [{ state: "running", transport: kind, restarts: 0 }];
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }
}
