import { AdapterError } from "@udp-relay/adapters";
import type { LinuxSockets } from "@udp-relay/adapters/linux";
import type { RelayConfig } from "../config/relay-config.ts";
import { LocalWorker } from "./local-worker.ts";
import { type PortSharing, portSharing } from "./port-sharing.ts";
import { reservePort, startError } from "./relay-transport.ts";
import { WorkerPool } from "./worker-pool.ts";
import type { WorkerSet, WorkerSetParts } from "./worker-set.ts";

/**
 * The threads that a configuration asks for; the main thread where it asks for none, where several sockets cannot
 * share a port, and for a protocol that is an object of this thread.
 *
 * @throws RelayError `ERR_RELAY_CONFIG`, `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START`
 */
export async function openWorkers(
  parts: WorkerSetParts,
  options: { readonly ownProtocol: boolean; readonly sharing?: PortSharing | undefined },
): Promise<WorkerSet> {
  const { ownProtocol, sharing = portSharing } = options;
  if (parts.config.workers === 0) return LocalWorker.open(parts);
  if (ownProtocol) return mainThread(parts, "a protocol that is an object cannot be given to a thread");
  const config = { ...parts.config, port: await reservePort(parts.config) };
  const sockets = await openSockets(parts, config);
  const refusal = sockets === undefined && config.workers > 1 ? await sharing(config) : undefined;
  if (refusal === undefined) return WorkerPool.open({ ...parts, config }, sockets);
  return mainThread(parts, refusal);
}

function mainThread(parts: WorkerSetParts, reason: string): Promise<LocalWorker> {
  const { workers } = parts.config;
  parts.log.warn({ reason, workers }, "the main thread relays instead of worker threads");
  return LocalWorker.open(parts, reason);
}

/** The supervisor's own sockets where there is the Linux transport; undefined where each worker opens one. */
async function openSockets(parts: WorkerSetParts, config: RelayConfig): Promise<LinuxSockets | undefined> {
  const { host, port, workers, transport } = config;
  if (transport !== "auto" && transport !== "linux") return undefined;
  try {
    const linux = await import("@udp-relay/adapters/linux");
    return await linux.LinuxSockets.open({ host, port, count: workers });
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    if (transport === "linux" || error.code !== "ERR_ADAPTER_UNSUPPORTED") {
      throw startError(config, error.message, undefined, error);
    }
    parts.log.info({ reason: error.message }, "each worker opens a socket of its own");
    return undefined;
  }
}
