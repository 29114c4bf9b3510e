import type { ClientSnapshot, TunnelClientTable } from "@udp-relay/tunnel-client";
import type { Direction } from "../measure/passing-streams.ts";
import { type AddressDetail, shownEndpoint } from "../operations/shown-endpoint.ts";
import type { ProxySession } from "./proxy-session.ts";

/** One session, ready for JSON. What nothing measures is null. */
export interface SessionReport {
  readonly endpoint: string;
  readonly backend: string;
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly bytesPerSecondIn: number;
  readonly bytesPerSecondOut: number;
  readonly idleMs: number;
  readonly ageMs: number;
  readonly fromClient: MeasuredPath | null;
  readonly fromBackend: MeasuredPath | null;
}

/** From one end to the proxy; the round trip is that between the proxy and this end. */
export interface MeasuredPath {
  readonly packets: number;
  readonly reordered: number;
  readonly duplicates: number;
  readonly lossPerMille: number | null;
  readonly jitterMs: number | null;
  readonly rttMs: number | null;
}

export function reportSessions(
  sessions: readonly (ProxySession | undefined)[],
  clients: TunnelClientTable,
  addresses: AddressDetail,
): SessionReport[] {
  return sessions.flatMap((session) => {
    const snapshot = session && clients.client(session.handle)?.snapshot();
    return snapshot === undefined ? [] : [reportSession(session!, snapshot, addresses)];
  });
}

function reportSession(
  { backend, streams }: ProxySession,
  snapshot: ClientSnapshot,
  addresses: AddressDetail,
): SessionReport {
  return {
    endpoint: shownEndpoint(snapshot.endpoint, addresses),
    backend: backend.name,
    packetsReceived: snapshot.packetsReceived,
    bytesReceived: snapshot.bytesReceived,
    packetsSent: snapshot.packetsSent,
    bytesSent: snapshot.bytesSent,
    bytesPerSecondIn: Math.round(snapshot.bytesPerSecondIn),
    bytesPerSecondOut: Math.round(snapshot.bytesPerSecondOut),
    idleMs: snapshot.idleMs,
    ageMs: snapshot.ageMs,
    fromClient: streams === undefined ? null : measuredPath(streams.fromClient),
    fromBackend: streams === undefined ? null : measuredPath(streams.fromBackend),
  };
}

function measuredPath(direction: Direction): MeasuredPath {
  const { packets, reordered, duplicates, lossPerMille, jitterMs, rttMs } = direction.read();
  return {
    packets,
    reordered,
    duplicates,
    lossPerMille: lossPerMille ?? null,
    jitterMs: jitterMs ?? null,
    rttMs: rttMs ?? null,
  };
}
