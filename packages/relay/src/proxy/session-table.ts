import type { Clock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { RelayError } from "../relay-error.ts";

interface SessionLimits {
  readonly maxSessions: number;
  readonly idleTimeoutMs: number;
  readonly sessionsPerPrefix?: number | undefined;
}

/**
 * The clients of a proxy, by their endpoints.
 *
 * @param threads that use it, this one included
 * @throws RelayError ERR_RELAY_CONFIG
 */
export function sessionTable(
  { maxSessions, idleTimeoutMs, sessionsPerPrefix }: SessionLimits,
  threads = 1,
  clock?: Clock,
): TunnelClientTable {
  try {
    return TunnelClientTable.create({
      capacity: maxSessions,
      timeoutMs: idleTimeoutMs,
      workers: threads,
      clock,
      clientsPerPrefix: sessionsPerPrefix,
    });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new RelayError("ERR_RELAY_CONFIG", `the session table cannot be made: ${error.message}`, {
      cause: error,
    });
  }
}
