import { AdapterError } from "@udp-relay/adapters";
import type { RelayConfig } from "../config/relay-config.ts";
import { openRelayTransport, startError, systemCode } from "./relay-transport.ts";

/**
 * Whether several sockets of one program can share the configured port, each with its share of the datagrams.
 *
 * @returns the reason why not; undefined where they can
 */
export type PortSharing = (config: RelayConfig) => Promise<string | undefined>;

/** What a system says that has the option and does not mean it for UDP, or has none. */
const NOT_SUPPORTED = new Set(["ENOTSUP", "EOPNOTSUPP", "ENOPROTOOPT"]);

/** Systems whose SO_REUSEPORT gives one of the sockets everything, or that have none (libuv's `uv__sock_reuseport`). */
const ONE_GETS_ALL = new Set<NodeJS.Platform>(["darwin", "win32"]);

/**
 * By trying: opens a socket on the port as a worker would, and closes it.
 *
 * @throws RelayError `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START`
 */
export async function portSharing(
  config: RelayConfig,
  platform: NodeJS.Platform = process.platform,
  open: typeof openRelayTransport = openRelayTransport,
): Promise<string | undefined> {
  if (ONE_GETS_ALL.has(platform)) return `sockets that share a port do not share its load on ${platform}`;
  try {
    const { transport } = await open(config, { reusePort: true });
    await transport.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    const code = systemCode(error);
    if (error.code === "ERR_ADAPTER_UNSUPPORTED" || NOT_SUPPORTED.has(code ?? "")) return error.message;
    throw startError(config, error.message, code, error);
  }
}
