import { DropReason, dropReasonNames } from "./drop-reason.ts";
import type { DropReasonCode, DropReasonName } from "./drop-reason.ts";

/** Number of priority classes: 0 is the best, 7 the worst. */
export const PRIORITY_CLASSES = 8;

/** The class that a caller's number stands for: the nearest one at or below it, the best for what is no number. */
export function priorityClassOf(value: number): number {
  if (!(value > 0)) return 0;
  return value < PRIORITY_CLASSES ? Math.floor(value) : PRIORITY_CLASSES - 1;
}

/**
 * What a transport counted since it was opened. Every datagram is in exactly one of received, sent, queued and drops.
 */
export interface TransportStats {
  /** Datagrams and bytes handed to `onBatch`. */
  readonly receivedDatagrams: number;
  readonly receivedBytes: number;
  /** Calls of `onBatch`. */
  readonly receivedBatches: number;
  /** Calls of `onBatch` that threw. Their datagrams are received ones: how many of them it had dealt with, only it knows. */
  readonly callbackThrows: number;
  /** Datagrams and bytes that the system took. */
  readonly sentDatagrams: number;
  readonly sentBytes: number;
  /** Datagrams that wait in the send queue now. */
  readonly queuedDatagrams: number;
  /** Datagrams that were sent again because of an earlier datagram's error. */
  readonly retriedSends: number;
  /** ICMP errors that the system reported about datagrams sent before; those count as sent. */
  readonly icmpErrors: number;
  /** Dropped datagrams by reason; reasons that never happened are absent. */
  readonly drops: Readonly<Partial<Record<DropReasonName, number>>>;
  /** `drops.queueFull` by priority class, best first. */
  readonly queueFullByClass: readonly number[];
  /** Whether `drops.kernelReceive` is known: the platform tells, and the socket is told apart by it. */
  readonly kernelDropsKnown: boolean;
  /** Receive buffer that the kernel granted, in bytes (Linux grants double what was asked); 0 if unknown. */
  readonly receiveBufferBytes: number;
}

/** What is counted of datagrams that came and went; without those that were dropped. */
export type TrafficCounts = Pick<
  TransportStats,
  | "receivedDatagrams"
  | "receivedBytes"
  | "receivedBatches"
  | "sentDatagrams"
  | "sentBytes"
  | "retriedSends"
  | "icmpErrors"
>;

/** The counters behind `TransportStats`: plain numbers, exact up to 2^53, of one thread. */
export class TransportCounters {
  receivedDatagrams = 0;
  receivedBytes = 0;
  receivedBatches = 0;
  callbackThrows = 0;
  sentDatagrams = 0;
  sentBytes = 0;
  retriedSends = 0;
  icmpErrors = 0;
  readonly #drops = new Float64Array(dropReasonNames.length);
  readonly #queueFullByClass = new Float64Array(PRIORITY_CLASSES);

  /** Counts a dropped datagram and returns its reason. */
  drop(reason: DropReasonCode): DropReasonCode {
    this.#drops[reason]! += 1;
    return reason;
  }

  /** Counts a datagram that the full send queue had no room for. */
  dropQueued(priorityClass: number): DropReasonCode {
    this.#queueFullByClass[priorityClass]! += 1;
    return this.drop(DropReason.queueFull);
  }

  dropMany(reason: DropReasonCode, datagrams: number): void {
    this.#drops[reason]! += datagrams;
  }

  dropped(reason: DropReasonCode): number {
    return this.#drops[reason]!;
  }

  /**
   * @param kernelReceive datagrams that the kernel dropped, undefined when it cannot tell
   */
  snapshot(
    queuedDatagrams: number,
    kernelReceive: number | undefined,
    receiveBufferBytes: number,
  ): TransportStats {
    const drops: Partial<Record<DropReasonName, number>> = {};
    for (const [code, name] of dropReasonNames.entries()) {
      const count = this.#drops[code]!;
      if (name !== undefined && count > 0) drops[name] = count;
    }
    if (kernelReceive !== undefined && kernelReceive > 0) drops.kernelReceive = kernelReceive;
    return {
      receivedDatagrams: this.receivedDatagrams,
      receivedBytes: this.receivedBytes,
      receivedBatches: this.receivedBatches,
      callbackThrows: this.callbackThrows,
      sentDatagrams: this.sentDatagrams,
      sentBytes: this.sentBytes,
      queuedDatagrams,
      retriedSends: this.retriedSends,
      icmpErrors: this.icmpErrors,
      drops,
      queueFullByClass: [...this.#queueFullByClass],
      kernelDropsKnown: kernelReceive !== undefined,
      receiveBufferBytes,
    };
  }
}
