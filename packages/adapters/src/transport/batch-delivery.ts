import type { BatchHandler, DatagramBatch, TransportKind, TransportOptions } from "./datagram-transport.ts";
import { DropReason } from "./drop-reason.ts";
import { type TransportErrors, transportErrors } from "./transport-errors.ts";
import type { TransportCounters } from "./transport-stats.ts";

/** Hands batches to the user's callback, counts them, and keeps what it throws from reaching the socket. */
export class BatchDelivery {
  handler: BatchHandler | undefined;
  readonly errors: TransportErrors;
  readonly #counters: TransportCounters;

  constructor(
    kind: TransportKind,
    counters: TransportCounters,
    options: TransportOptions,
    nowMs?: () => number,
  ) {
    this.errors = transportErrors(kind, options.onError, nowMs);
    this.#counters = counters;
    this.handler = options.onBatch;
  }

  /** @param byteLength bytes of all its datagrams */
  deliver(batch: DatagramBatch, byteLength: number): void {
    const handler = this.handler;
    const counters = this.#counters;
    if (handler === undefined) {
      counters.dropMany(DropReason.noHandler, batch.count);
      return;
    }
    counters.receivedBatches += 1;
    counters.receivedDatagrams += batch.count;
    counters.receivedBytes += byteLength;
    try {
      handler(batch);
    } catch (error) {
      counters.callbackThrows += 1;
      this.errors.report(error, "onBatch");
    }
  }
}
