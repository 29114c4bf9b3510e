import { formatAddress } from "@udp-relay/address-validation";
import {
  AdapterError,
  type DatagramTransport,
  openTransport,
  type TransportStats,
} from "@udp-relay/adapters";
import { RelayError } from "../relay-error.ts";
import { connectedUpstreams } from "./connected-upstream.ts";
import { driveSockets, linuxUpstreams } from "./linux-upstreams.ts";
import type { ProxyConfig } from "./proxy-config.ts";
import { MAX_DATAGRAM_BYTES } from "./proxy-parts.ts";
import type { OpenUpstream } from "./upstream.ts";

/** What a proxy receives from and sends with. */
export interface ProxySockets {
  /** Where clients send to. Its owner closes it. */
  readonly transport: DatagramTransport;
  readonly openUpstream: OpenUpstream;
  /** What all upstreams have counted; undefined where nothing does. */
  readonly upstreamStats: (() => TransportStats) | undefined;
  /** Which kind, and why not the better one. */
  readonly reason: string;
  /** Ends what drives the sockets; after the transport and all upstreams are closed. */
  close(): void;
}

/**
 * Opens the listening socket and chooses the upstreams' kind: on Linux all sockets in one epoll set, elsewhere, or where
 * no foreign functions can be called, one node:dgram socket a session.
 *
 * @param onThrow is given what a callback threw on Linux
 * @throws RelayError `ERR_RELAY_START`
 */
export async function openProxySockets(
  config: Pick<ProxyConfig, "listen" | "transport">,
  onThrow: (error: unknown) => void = () => undefined,
): Promise<ProxySockets> {
  const host = formatAddress(config.listen);
  const { port } = config.listen;
  try {
    if (config.transport !== "auto" && config.transport !== "linux") {
      return await onEventLoop(host, port, config.transport, `${config.transport} was asked for`);
    }
    try {
      return await onLinux(host, port, onThrow);
    } catch (error) {
      const unsupported = error instanceof AdapterError && error.code === "ERR_ADAPTER_UNSUPPORTED";
      if (!unsupported || config.transport === "linux") throw error;
      return await onEventLoop(host, port, undefined, error.message);
    }
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    throw new RelayError("ERR_RELAY_START", `${error.message}; --listen chooses another`, { cause: error });
  }
}

async function onLinux(host: string, port: number, onThrow: (error: unknown) => void): Promise<ProxySockets> {
  const { ConnectedSockets, LinuxTransport } = await import("@udp-relay/adapters/linux");
  const transport = await LinuxTransport.open({
    host,
    port,
    blocking: true,
    maxDatagramBytes: MAX_DATAGRAM_BYTES,
  });
  try {
    const sockets = await ConnectedSockets.open({ transport, maxDatagramBytes: MAX_DATAGRAM_BYTES });
    const driver = driveSockets(sockets, onThrow);
    return {
      transport,
      openUpstream: linuxUpstreams(sockets),
      upstreamStats: () => sockets.stats(),
      reason: `linux, one epoll set, by ${transport.binding}`,
      close: () => {
        driver[Symbol.dispose]();
        sockets.close();
      },
    };
  } catch (error) {
    await transport.close();
    throw error;
  }
}

async function onEventLoop(
  host: string,
  port: number,
  prefer: "node" | "bun" | undefined,
  why: string,
): Promise<ProxySockets> {
  const { transport } = await openTransport({
    host,
    port,
    maxDatagramBytes: MAX_DATAGRAM_BYTES,
    ...(prefer && { prefer }),
  });
  return {
    transport,
    openUpstream: connectedUpstreams,
    upstreamStats: undefined,
    reason: `${transport.kind}, a node:dgram socket a session: ${why}`,
    close: () => undefined,
  };
}
