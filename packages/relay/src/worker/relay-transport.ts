import {
  AdapterError,
  type DatagramTransport,
  openTransport,
  type TransportOptions,
} from "@udp-relay/adapters";
import type { RelayConfig } from "../config/relay-config.ts";
import { RelayError } from "../relay-error.ts";
import { troubleOf, type WorkerTrouble } from "./worker-trouble.ts";

/**
 * Opens the socket that a configuration asks for.
 *
 * @throws AdapterError
 */
export async function openRelayTransport(
  config: RelayConfig,
  options: {
    readonly reusePort?: boolean | undefined;
    readonly port?: number | undefined;
    readonly onTrouble?: ((trouble: WorkerTrouble) => void) | undefined;
  } = {},
): Promise<{ transport: DatagramTransport; reason: string }> {
  const { host, maxDatagramBytes, transport } = config;
  return openTransport({
    host,
    port: options.port ?? config.port,
    maxDatagramBytes,
    reusePort: options.reusePort ?? false,
    prefer: transport === "auto" ? undefined : transport,
    onError: options.onTrouble && transportTrouble(options.onTrouble),
  });
}

/** A transport's `onError` that tells of a worker's trouble. */
export function transportTrouble(
  tell: (trouble: WorkerTrouble) => void,
): NonNullable<TransportOptions["onError"]> {
  return (error, { during, suppressed }) => {
    tell(troubleOf(error, during, suppressed));
  };
}

/** The system's code of an error, `EADDRINUSE`, whichever layer wrapped it. */
export function systemCode(error: unknown): string | undefined {
  const { cause, code } = (error ?? {}) as { cause?: unknown; code?: unknown };
  if (cause !== undefined) return systemCode(cause) ?? (typeof code === "string" ? code : undefined);
  return typeof code === "string" ? code : undefined;
}

/** What an operator is told when a socket could not be opened. */
export function startError(
  config: RelayConfig,
  message: string,
  code: string | undefined,
  cause?: unknown,
): RelayError {
  if (code === "EADDRINUSE") {
    return new RelayError(
      "ERR_RELAY_PORT_IN_USE",
      `port ${config.port} of ${config.host} is in use; --port chooses another`,
      { cause },
    );
  }
  return new RelayError("ERR_RELAY_START", message, { cause });
}

/**
 * A port for several sockets to share: the configured one, found to be free, or a free one. Sockets that share a port
 * do not notice another program that shares it, too.
 *
 * @throws RelayError `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START`
 */
export async function reservePort(config: RelayConfig): Promise<number> {
  try {
    const { transport } = await openRelayTransport(config);
    const { port } = transport.localEndpoint;
    await transport.close();
    return port;
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    throw startError(config, error.message, systemCode(error), error);
  }
}
