import type { Endpoint } from "@udp-relay/address-validation";
import { BatchSelection } from "./batch-selection.ts";
import type { BatchHandler, DatagramBatch, DatagramTransport } from "./datagram-transport.ts";
import type { DropReasonCode, DropReasonName } from "./drop-reason.ts";
import type { TransportStats } from "./transport-stats.ts";

/** A transport that can tell its own peers' endpoints from all others. */
export interface OwningTransport extends DatagramTransport {
  /** Whether that endpoint can be a peer of this transport only. */
  owns(endpoint: Endpoint): boolean;
}

/**
 * One transport of several, so that a WebSocket and a UDP client can be peers. What is sent goes to the guest
 * that owns the endpoint, else to `main`. A datagram that reaches `main` with a sender that a guest owns is
 * forged: it is dropped as `foreignSource`.
 *
 * Closing it closes all of them.
 */
export function joinTransports(
  main: DatagramTransport,
  ...guests: readonly OwningTransport[]
): DatagramTransport {
  return new JoinedTransport(main, guests);
}

class JoinedTransport implements DatagramTransport {
  readonly kind = "joined";
  readonly localEndpoint: Endpoint;
  readonly #main: DatagramTransport;
  readonly #guests: readonly OwningTransport[];
  readonly #selection = new BatchSelection();
  #handler: BatchHandler | undefined;
  #foreign = 0;
  #foreignBytes = 0;
  #closing: Promise<void> | undefined;

  constructor(main: DatagramTransport, guests: readonly OwningTransport[]) {
    this.#main = main;
    this.#guests = guests;
    this.localEndpoint = main.localEndpoint;
    this.onBatch = main.onBatch;
  }

  get onBatch(): BatchHandler | undefined {
    return this.#handler;
  }
  set onBatch(handler: BatchHandler | undefined) {
    this.#handler = handler;
    for (const guest of this.#guests) {
      guest.onBatch = handler && ((batch) => this.#handle(batch, handler));
    }
    this.#main.onBatch = handler && ((batch) => this.#fromMain(batch, handler));
  }

  send(bytes: Uint8Array, endpoint: Endpoint, priorityClass?: number): 0 | DropReasonCode {
    return this.#ownerOf(endpoint).send(bytes, endpoint, priorityClass);
  }

  forward(
    batch: DatagramBatch,
    index: number,
    endpoint: Endpoint,
    priorityClass?: number,
  ): 0 | DropReasonCode {
    if (batch === this.#selection) {
      return this.#ownerOf(endpoint).forward(
        this.#selection.batch,
        this.#selection.at(index),
        endpoint,
        priorityClass,
      );
    }
    return this.#ownerOf(endpoint).forward(batch, index, endpoint, priorityClass);
  }

  flush(): void {
    this.#main.flush();
    for (const guest of this.#guests) guest.flush();
  }

  /** The sums of all; `kernelDropsKnown` and `receiveBufferBytes` are those of `main`. */
  stats(): TransportStats {
    const main = this.#main.stats();
    const all = [main, ...this.#guests.map((guest) => guest.stats())];
    const sum = (of: (stats: TransportStats) => number): number =>
      all.reduce((total, one) => total + of(one), 0);
    const drops: Partial<Record<DropReasonName, number>> = {};
    if (this.#foreign > 0) drops.foreignSource = this.#foreign;
    for (const one of all) {
      for (const [name, count] of Object.entries(one.drops) as [DropReasonName, number][]) {
        drops[name] = (drops[name] ?? 0) + count;
      }
    }
    return {
      // What was forged counts as dropped only, as in every transport.
      receivedDatagrams: sum((one) => one.receivedDatagrams) - this.#foreign,
      receivedBytes: sum((one) => one.receivedBytes) - this.#foreignBytes,
      receivedBatches: sum((one) => one.receivedBatches),
      callbackThrows: sum((one) => one.callbackThrows),
      sentDatagrams: sum((one) => one.sentDatagrams),
      sentBytes: sum((one) => one.sentBytes),
      queuedDatagrams: sum((one) => one.queuedDatagrams),
      retriedSends: sum((one) => one.retriedSends),
      icmpErrors: sum((one) => one.icmpErrors),
      drops,
      queueFullByClass: main.queueFullByClass.map((_, index) => sum((one) => one.queueFullByClass[index]!)),
      kernelDropsKnown: main.kernelDropsKnown,
      receiveBufferBytes: main.receiveBufferBytes,
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#closeAll());
  }

  async #closeAll(): Promise<void> {
    await Promise.all([this.#main, ...this.#guests].map((transport) => transport.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Hands over what no guest's peer can have sent; nearly always that is the whole batch. */
  #fromMain(batch: DatagramBatch, handler: BatchHandler): void {
    const selection = this.#selection;
    selection.select(batch);
    for (let i = 0; i < batch.count; i++) {
      if (this.#guestOf(batch.endpoint(i)) === undefined) selection.add(i);
      else {
        this.#foreign += 1;
        this.#foreignBytes += batch.length(i);
      }
    }
    if (selection.count === batch.count) this.#handle(batch, handler);
    else if (selection.count > 0) this.#handle(selection, handler);
  }

  /** A transport flushes after its own batches; what a batch of one sent by the others has to follow. */
  #handle(batch: DatagramBatch, handler: BatchHandler): void {
    try {
      handler(batch);
    } finally {
      this.flush();
    }
  }

  #guestOf(endpoint: Endpoint): OwningTransport | undefined {
    for (const guest of this.#guests) if (guest.owns(endpoint)) return guest;
    return undefined;
  }

  #ownerOf(endpoint: Endpoint): DatagramTransport {
    return this.#guestOf(endpoint) ?? this.#main;
  }
}
