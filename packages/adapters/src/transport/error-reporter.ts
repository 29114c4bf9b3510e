import type { TransportErrorContext, TransportKind, TransportOptions } from "./datagram-transport.ts";

/** A second without an error ends a burst. */
const BURST_QUIET_MS = 1_000;

/** Tells `onError`, or else a process warning, of the first error of a burst, and counts the rest. */
export class ErrorReporter {
  readonly #kind: TransportKind;
  readonly #onError: TransportOptions["onError"];
  #lastErrorMs = -Infinity;
  #suppressed = 0;

  constructor(kind: TransportKind, onError: TransportOptions["onError"]) {
    this.#kind = kind;
    this.#onError = onError;
  }

  /** Never throws. */
  report(error: unknown, during: TransportErrorContext["during"]): void {
    const nowMs = performance.now();
    const quiet = nowMs - this.#lastErrorMs >= BURST_QUIET_MS;
    this.#lastErrorMs = nowMs;
    if (!quiet) {
      this.#suppressed += 1;
      return;
    }
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    try {
      if (this.#onError === undefined) process.emitWarning(warningOf(error, this.#kind, during, suppressed));
      else this.#onError(error, { transport: this.#kind, during, suppressed });
    } catch {
      // A reporter that throws has nobody left to be reported to; the drop is counted.
    }
  }
}

function warningOf(error: unknown, kind: TransportKind, during: string, suppressed: number): Error {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const more = suppressed === 0 ? "" : ` (${suppressed} more since the last report)`;
  return Object.assign(new Error(`${kind} transport, ${during}: ${text}${more}`), {
    name: "UdpRelayTransportWarning",
  });
}
