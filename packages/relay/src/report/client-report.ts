import type { ClientSnapshot } from "@udp-relay/tunnel-client";
import { isUnbound } from "../cncnet/id-allotment.ts";
import type { RelayConfig } from "../config/relay-config.ts";
import { shownEndpoint } from "../operations/shown-endpoint.ts";
import { signedId } from "../protocol/cncnet-v2.ts";
import type { ClientReport } from "./relay-report.ts";

/** A client's snapshot as operators read it. V2's ids are the wire's signed numbers. */
export function clientReport(
  client: ClientSnapshot,
  protocol: string,
  addresses: RelayConfig["logAddresses"],
  live: boolean,
): ClientReport {
  const id = client.id ?? 0;
  return {
    protocol,
    id: protocol === "v2" ? signedId(id) : id,
    endpoint: isUnbound(client.endpoint) ? "unbound" : shownEndpoint(client.endpoint, addresses),
    packetsReceived: client.packetsReceived,
    bytesReceived: client.bytesReceived,
    packetsSent: client.packetsSent,
    bytesSent: client.bytesSent,
    bytesPerSecondIn: Math.round(client.bytesPerSecondIn),
    bytesPerSecondOut: Math.round(client.bytesPerSecondOut),
    rttMs: rounded(client.latencyMs, 100),
    jitterMs: rounded(client.jitterMs, 100),
    lossPerMille: rounded(client.lossPerMille, 10),
    priority: client.priority,
    idleMs: client.idleMs,
    live,
  };
}

const rounded = (value: number | undefined, to: number): number | null =>
  value === undefined ? null : Math.round(value * to) / to;
