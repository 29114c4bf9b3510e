import type { Endpoint } from "@udp-relay/address-validation";
import { AdapterError } from "../adapter-error.ts";
import { BatchDelivery } from "./batch-delivery.ts";
import type {
  BatchHandler,
  DatagramBatch,
  DatagramTransport,
  TransportKind,
  TransportOptions,
} from "./datagram-transport.ts";
import { DropReason } from "./drop-reason.ts";
import type { DropReasonCode } from "./drop-reason.ts";
import { SendQueue } from "./send-queue.ts";
import { maxDatagramBytesOption, queueDatagramsOption } from "./socket-options.ts";
import { priorityClassOf, TransportCounters } from "./transport-stats.ts";
import type { TrafficCounts, TransportStats } from "./transport-stats.ts";

/** What all transports do alike: counting, the bounded queue, the callback, closing. */
export abstract class BaseTransport implements DatagramTransport {
  readonly kind: TransportKind;
  abstract readonly localEndpoint: Endpoint;
  readonly maxDatagramBytes: number;
  protected readonly counters: TransportCounters = new TransportCounters();
  protected readonly delivery: BatchDelivery;
  protected readonly queue: SendQueue;
  readonly #detachSignal: () => void;
  #closing: Promise<void> | undefined;
  #finalKernelDrops: number | undefined;
  #finalReceiveBufferBytes = 0;

  /**
   * @param nowMs the time by which a burst of errors ends; default `performance.now`
   * @throws AdapterError ERR_ADAPTER_OPTION, ERR_ADAPTER_CLOSED (the signal is aborted already)
   */
  protected constructor(kind: TransportKind, options: TransportOptions, nowMs?: () => number) {
    requireNotAborted(options);
    this.kind = kind;
    this.maxDatagramBytes = maxDatagramBytesOption(options);
    this.delivery = new BatchDelivery(kind, this.counters, options, nowMs);
    this.queue = new SendQueue(queueDatagramsOption(options), this.maxDatagramBytes);
    const abort = (): void => void this.close();
    options.signal?.addEventListener("abort", abort, { once: true });
    this.#detachSignal = () => options.signal?.removeEventListener("abort", abort);
  }

  get onBatch(): BatchHandler | undefined {
    return this.delivery.handler;
  }
  set onBatch(handler: BatchHandler | undefined) {
    this.delivery.handler = handler;
  }

  abstract send(bytes: Uint8Array, endpoint: Endpoint, priorityClass?: number): 0 | DropReasonCode;
  abstract forward(
    batch: DatagramBatch,
    index: number,
    endpoint: Endpoint,
    priorityClass?: number,
  ): 0 | DropReasonCode;
  abstract flush(): void;

  stats(): TransportStats {
    return this.closed
      ? this.counters.snapshot(this.queue.size, this.#finalKernelDrops, this.#finalReceiveBufferBytes)
      : this.counters.snapshot(this.queue.size, this.kernelReceiveDrops(), this.receiveBufferBytes());
  }

  /** Of `stats`, what is counted of datagrams: always the same object, whose numbers change. */
  get counted(): TrafficCounts {
    return this.counters;
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#finalKernelDrops = this.kernelReceiveDrops();
      this.#finalReceiveBufferBytes = this.receiveBufferBytes();
      this.#detachSignal();
      this.counters.dropMany(DropReason.closed, this.queue.clear());
      this.#closing = this.closeSocket();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Closes what lies below. Called once, after the queue was emptied. */
  protected abstract closeSocket(): Promise<void>;
  /** Datagrams that the kernel dropped on the receiving side, undefined where it does not tell. */
  protected abstract kernelReceiveDrops(): number | undefined;
  /** Receive buffer granted, 0 if unknown. */
  protected abstract receiveBufferBytes(): number;

  /** Counts and returns why nothing can go to that endpoint at all, 0 when it can. */
  protected refusal(endpoint: Endpoint, length: number): 0 | DropReasonCode {
    if (length > this.maxDatagramBytes) return this.counters.drop(DropReason.tooLarge);
    if (endpoint.port === 0) return this.counters.drop(DropReason.portZero);
    return this.closed ? this.counters.drop(DropReason.closed) : 0;
  }

  /** Queues a copy; whatever is dropped for it, or it itself, is counted. */
  protected enqueue(bytes: Uint8Array, endpoint: Endpoint, priority: number): 0 | DropReasonCode {
    const priorityClass = priorityClassOf(priority);
    const dropped = this.queue.offer(bytes, 0, bytes.length, endpoint, priorityClass);
    if (dropped < 0) return 0;
    const reason = this.counters.dropQueued(dropped);
    return dropped === priorityClass ? reason : 0;
  }
}

/** @throws AdapterError ERR_ADAPTER_CLOSED */
export function requireNotAborted(options: TransportOptions): void {
  if (options.signal?.aborted !== true) return;
  throw new AdapterError("ERR_ADAPTER_CLOSED", "the signal was aborted before the transport opened", {
    cause: options.signal.reason,
  });
}
