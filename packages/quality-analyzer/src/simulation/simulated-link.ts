import { requireRange } from "../quality-error.ts";
import { JitterModel, type JitterOptions } from "./jitter-model.ts";
import { LinkTruth } from "./link-truth.ts";
import { LossModel, type LossOptions } from "./loss-model.ts";
import { ReorderCounter } from "./reorder-counter.ts";
import { SeededRandom } from "./seeded-random.ts";

/** A bottleneck: packets leave one after the other, those that find the queue full are dropped (drop-tail). */
export interface RateLimitOptions {
  readonly bytesPerSecond: number;
  /** Bytes that may wait, the packet in transmission included. */
  readonly queueBytes: number;
}

/** Holds some packets back, so that later ones overtake them. */
export interface ReorderOptions {
  /** 0..1000, fractions allowed. */
  readonly perMille: number;
  /** Added to a held packet's delay. */
  readonly byMs: number;
}

/** What a link does to packets. By default nothing. */
export interface SimulatedLinkOptions {
  /** Everything random follows from it. Default 1. */
  readonly seed?: number | undefined;
  /** Fixed one-way delay. Default 0. */
  readonly delayMs?: number | undefined;
  readonly jitter?: JitterOptions | undefined;
  readonly loss?: LossOptions | undefined;
  /** 0..1000: delivered twice, each copy with its own jitter. Default 0. */
  readonly duplicatePerMille?: number | undefined;
  readonly reorder?: ReorderOptions | undefined;
  readonly rateLimit?: RateLimitOptions | undefined;
  /**
   * Jitter may not reorder: a packet arrives no earlier than the one before (packets held back by `reorder` stand
   * outside the line). Default false: delays are drawn exactly as declared.
   */
  readonly inOrder?: boolean | undefined;
}

/**
 * One direction of a network path, seeded. It moves no bytes and keeps no time: it is told of each packet and answers
 * how many copies arrive and when. That serves a virtual clock as well as real sockets.
 *
 * A packet meets, in this order: the queue of the rate limit, the loss model, then delay, jitter, holding back and
 * duplication. Each of these draws from its own random stream, a fixed number of draws for every packet sent: the
 * n-th packet's jitter is the same under every loss rate.
 */
export class SimulatedLink {
  /** What happened so far. */
  readonly truth: LinkTruth = new LinkTruth();

  readonly #delayMs: number;
  readonly #jitter: JitterModel;
  readonly #secondJitter: JitterModel;
  readonly #loss: LossModel;
  readonly #duplicate: number;
  readonly #duplicateRandom: SeededRandom;
  readonly #reorder: number;
  readonly #reorderByMs: number;
  readonly #reorderRandom: SeededRandom;
  readonly #bytesPerMs: number;
  readonly #queueBytes: number;
  readonly #inOrder: boolean;
  readonly #overtaking = new ReorderCounter();
  readonly #arrivalMs = new Float64Array(2);

  #copies = 0;
  #lastSendMs = -Infinity;
  #lastArrivalMs = -Infinity;
  #freeAtMs = -Infinity;

  constructor(options: SimulatedLinkOptions = {}) {
    const seed = options.seed ?? 1;
    this.#delayMs = requireRange("delayMs", options.delayMs ?? 0, 0, 1e7);
    this.#loss = new LossModel(options.loss, new SeededRandom(seed, 0));
    this.#jitter = new JitterModel(options.jitter, new SeededRandom(seed, 1));
    this.#secondJitter = new JitterModel(options.jitter, new SeededRandom(seed, 2));
    this.#duplicate = requireRange("duplicatePerMille", options.duplicatePerMille ?? 0, 0, 1000) / 1000;
    this.#duplicateRandom = new SeededRandom(seed, 3);
    this.#reorder = requireRange("reorder.perMille", options.reorder?.perMille ?? 0, 0, 1000) / 1000;
    this.#reorderByMs = requireRange("reorder.byMs", options.reorder?.byMs ?? 0, 0, 1e7);
    this.#reorderRandom = new SeededRandom(seed, 4);
    const rate = options.rateLimit;
    this.#bytesPerMs = rate
      ? requireRange("rateLimit.bytesPerSecond", rate.bytesPerSecond, 1, 1e12) / 1000
      : Infinity;
    this.#queueBytes = rate ? requireRange("rateLimit.queueBytes", rate.queueBytes, 1, 1e12) : Infinity;
    this.#inOrder = options.inOrder ?? false;
  }

  /**
   * Sends a packet of `byteLength` bytes at `nowMs` and returns how many copies arrive: 0 (lost or dropped), 1 or 2.
   * Their times are then {@link arrivalMs}(0) and (1), until the next send. A `nowMs` before that of the packet
   * before counts as that one's. Makes no objects.
   */
  send(byteLength: number, nowMs: number): number {
    const sentMs = nowMs > this.#lastSendMs ? nowMs : this.#lastSendMs;
    this.#lastSendMs = sentMs;
    const truth = this.truth;
    truth.sent++;
    truth.sentBytes += byteLength;

    const lost = this.#loss.next();
    const jitterMs = this.#jitter.next();
    const secondJitterMs = this.#secondJitter.next();
    const duplicated = this.#duplicateRandom.nextUnit() < this.#duplicate;
    const heldMs = this.#reorderRandom.nextUnit() < this.#reorder ? this.#reorderByMs : 0;

    const departedMs = this.#transmit(sentMs, byteLength);
    if (departedMs < 0 || lost) {
      truth.countMissing(departedMs < 0);
      return (this.#copies = 0);
    }

    const fixedMs = departedMs + this.#delayMs;
    let first = this.#inLine(sentMs + Math.max(0, fixedMs + jitterMs), heldMs);
    this.#copies = 1;
    if (duplicated) {
      const second = this.#inLine(sentMs + Math.max(0, fixedMs + secondJitterMs), heldMs);
      this.#arrivalMs[1] = Math.max(first, second);
      first = Math.min(first, second);
      truth.duplicated++;
      this.#copies = 2;
    }
    this.#arrivalMs[0] = first;
    truth.countDelivered(first - sentMs);
    truth.reordered += this.#overtaking.add(sentMs, first);
    return this.#copies;
  }

  /** When copy `copy` (0 or 1) of the last packet sent arrives; -1 if there is no such copy. */
  arrivalMs(copy: number): number {
    return copy >= 0 && copy < this.#copies ? this.#arrivalMs[copy]! : -1;
  }

  /** How long the packet takes to leave the bottleneck, its wait included; -1 if the queue is full. */
  #transmit(sentMs: number, byteLength: number): number {
    if (this.#bytesPerMs === Infinity) return 0;
    const startMs = this.#freeAtMs > sentMs ? this.#freeAtMs : sentMs;
    if ((startMs - sentMs) * this.#bytesPerMs + byteLength > this.#queueBytes) return -1;
    this.#freeAtMs = startMs + byteLength / this.#bytesPerMs;
    return this.#freeAtMs - sentMs;
  }

  #inLine(arrivalMs: number, heldMs: number): number {
    if (heldMs > 0 || !this.#inOrder) return arrivalMs + heldMs;
    if (arrivalMs < this.#lastArrivalMs) return this.#lastArrivalMs;
    this.#lastArrivalMs = arrivalMs;
    return arrivalMs;
  }
}
