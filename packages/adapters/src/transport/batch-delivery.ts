import type { DatagramBatch, TransportOptions } from "./datagram-transport.ts";
import type { BatchHandler, TransportErrorContext, TransportKind } from "./datagram-transport.ts";
import { DropReason } from "./drop-reason.ts";
import type { TransportCounters } from "./transport-stats.ts";

/** A second without an error ends a burst. */
const BURST_QUIET_MS = 1_000;

/** Hands batches to the user's callback, counts them, and keeps what it throws from reaching the socket. */
export class BatchDelivery {
  handler: BatchHandler | undefined;
  readonly #kind: TransportKind;
  readonly #counters: TransportCounters;
  readonly #onError: TransportOptions["onError"];
  #lastErrorMs = -Infinity;
  #suppressed = 0;

  constructor(kind: TransportKind, counters: TransportCounters, options: TransportOptions) {
    this.#kind = kind;
    this.#counters = counters;
    this.#onError = options.onError;
    this.handler = options.onBatch;
  }

  /** @param byteLength bytes of all its datagrams */
  deliver(batch: DatagramBatch, byteLength: number): void {
    const handler = this.handler;
    if (handler === undefined) {
      this.#counters.dropMany(DropReason.noHandler, batch.count);
      return;
    }
    this.#counters.receivedBatches += 1;
    this.#counters.receivedDatagrams += batch.count;
    this.#counters.receivedBytes += byteLength;
    try {
      handler(batch);
    } catch (error) {
      this.#counters.drop(DropReason.callbackThrew);
      this.report(error, "onBatch");
    }
  }

  /** Tells `onError` of the first error of a burst and counts the rest for the next report. Never throws. */
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
