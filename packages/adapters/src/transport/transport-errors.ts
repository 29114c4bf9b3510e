import { BurstReporter } from "./burst-reporter.ts";
import type { TransportErrorContext, TransportKind, TransportOptions } from "./datagram-transport.ts";

/** What a transport, or what is built on one, tells its trouble. */
export type TransportErrors = BurstReporter<TransportErrorContext["during"]>;

/**
 * Tells `onError`, or else a process warning, once a burst.
 *
 * @param nowMs as of BurstReporter
 */
export function transportErrors(
  kind: TransportKind,
  onError: TransportOptions["onError"],
  nowMs?: () => number,
): TransportErrors {
  return new BurstReporter((error, during, suppressed) => {
    if (onError === undefined) process.emitWarning(warningOf(error, kind, during, suppressed));
    else onError(error, { transport: kind, during, suppressed });
  }, nowMs);
}

function warningOf(error: unknown, kind: TransportKind, during: string, suppressed: number): Error {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const more = suppressed === 0 ? "" : ` (${suppressed} more since the last report)`;
  return Object.assign(new Error(`${kind} transport, ${during}: ${text}${more}`), {
    name: "UdpRelayTransportWarning",
  });
}
