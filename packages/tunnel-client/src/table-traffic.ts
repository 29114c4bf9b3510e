import { peek } from "@udp-relay/atomics-layout/memory";
import { CLAIM, FOUR, LINE_WORDS, updateNames } from "./client-record.ts";
import { mendLastTick } from "./future-stamp.ts";
import { keepHalves } from "./packed-count.ts";
import type { PrefixLimit } from "./prefix-limit.ts";
import { foldRate } from "./rate-estimator.ts";
import { TableLookups } from "./table-lookups.ts";
import type { TableMemory } from "./table-memory.ts";
import type { TunnelClientTableThreadOptions } from "./table-options.ts";

/** Each is given a line's byte offset first. Its result is not 0 where there is something to settle. */
type Count = (lineBytes: number, bytes: number, tick: number, receiver: number) => number;
type CountFour = (
  lineBytes: number,
  bytes: number,
  lineBytes1: number,
  bytes1: number,
  lineBytes2: number,
  bytes2: number,
  lineBytes3: number,
  bytes3: number,
  tick: number,
  receiver: number,
) => number;

/** The bytes of a run are one parameter of 32 bits. */
const MAX_RUN_BYTES = 0xffff_ffff;

/** What flows is counted: each datagram from a client and to it. */
export abstract class TableTraffic extends TableLookups {
  // No #names here: fields of this kind the compiler may take for constant.
  private readonly countReceived: Count;
  private readonly countFour: CountFour;
  private readonly countRun: Count;
  private readonly countSent: Count;
  private readonly linesAt: number;
  private readonly recordWords: number;
  private readonly foldMs: number;

  protected constructor(
    memory: TableMemory,
    prefixes: PrefixLimit | undefined,
    options: TunnelClientTableThreadOptions,
  ) {
    super(memory, prefixes, options);
    const { update } = memory.ops;
    this.countReceived = update[updateNames.received] as Count;
    this.countFour = update[updateNames.receivedFour] as CountFour;
    this.countRun = update[updateNames.receivedRun] as Count;
    this.countSent = update[updateNames.sent] as Count;
    this.linesAt = memory.linesAt;
    this.recordWords = memory.recordWords;
    this.foldMs = memory.foldMs;
  }

  /**
   * Counts a datagram from the client. Of a sender who was refused (`slot` is why) nothing is counted: his refusal was.
   *
   * @param bytes 0..2^32-1
   * @param tick now, u32 ms: the batch's
   *
   * Concurrency: in a guard; any number of threads, exact. One call into the region's instance, and once in a fold
   * interval the fold; allocates nothing, never waits.
   */
  received(slot: number, bytes: number, tick: number): void {
    const now = this.tick.of(tick);
    if (!(slot >= 0 && slot < this.slots)) return;
    const line = this.linesAt + slot * this.recordWords;
    if (this.countReceived(line << 2, bytes, now, this.ownerId) !== 0) this.#settle(line, now, bytes);
  }

  /**
   * `received` for a whole batch, of whose datagrams `findBatch` or `join` told the slots: the first `count` of both lists.
   * It takes one call into the region's instance for four datagrams, and one locked addition for four in a row of one
   * client, so that two threads that receive from it take its line from each other less often.
   *
   * @param slots refusals among them count nothing
   * @param bytes of each datagram, 0..2^32-1
   * @param tick now, u32 ms: the batch's
   *
   * Concurrency: as `received`, each datagram by itself, but that those counted in one addition appear at once.
   */
  receivedBatch(slots: Int32Array, bytes: ArrayLike<number>, count: number, tick: number): void {
    const { linesAt, recordWords, ownerId, countFour, slots: all } = this;
    const end = Math.min(count, slots.length, bytes.length);
    const now = this.tick.of(tick);
    let i = 0;
    for (; i + FOUR <= end; i += FOUR) {
      const a = slots[i]!;
      const b = slots[i + 1]!;
      const c = slots[i + 2]!;
      const d = slots[i + 3]!;
      const refused = a >>> 0 >= all || b >>> 0 >= all || c >>> 0 >= all || d >>> 0 >= all;
      if (refused || (a === b && b === c && c === d)) {
        this.#run(slots, bytes, i, tick);
        continue;
      }
      const reported = countFour(
        (linesAt + a * recordWords) << 2,
        bytes[i]!,
        (linesAt + b * recordWords) << 2,
        bytes[i + 1]!,
        (linesAt + c * recordWords) << 2,
        bytes[i + 2]!,
        (linesAt + d * recordWords) << 2,
        bytes[i + 3]!,
        now,
        ownerId,
      );
      if (reported !== 0) this.#settleFour(slots, bytes, i, now);
    }
    for (; i < end; i++) this.received(slots[i]!, bytes[i]!, tick);
  }

  /** Four of one client, or with refusals among them. */
  #run(slots: Int32Array, bytes: ArrayLike<number>, i: number, tick: number): void {
    const slot = slots[i]!;
    const ofOne = slot === slots[i + 1] && slot === slots[i + 2] && slot === slots[i + 3];
    const sum = bytes[i]! + bytes[i + 1]! + bytes[i + 2]! + bytes[i + 3]!;
    if (!ofOne || !this.isSlot(slot) || sum > MAX_RUN_BYTES) {
      for (let at = i; at < i + FOUR; at++) this.received(slots[at]!, bytes[at]!, tick);
      return;
    }
    const line = this.linesAt + slot * this.recordWords;
    const now = this.tick.of(tick);
    if (this.countRun(line << 2, sum, now, this.ownerId) !== 0) this.#settle(line, now, sum);
  }

  #settleFour(slots: Int32Array, bytes: ArrayLike<number>, i: number, now: number): void {
    for (let at = i; at < i + FOUR; at++) {
      this.#settle(this.linesAt + slots[at]! * this.recordWords, now, bytes[at]!);
    }
  }

  /** Counts a datagram to the client. Concurrency: as `received`. */
  sent(slot: number, bytes: number, tick: number): void {
    const now = this.tick.of(tick);
    if (!(slot >= 0 && slot < this.slots)) return;
    const line = this.linesAt + slot * this.recordWords;
    if (this.countSent(line << 2, bytes, now, 0) !== 0) this.#settle(line + LINE_WORDS, now, bytes);
  }

  /** What the first datagram of a tick has to see to, and one that fills a part of the count. */
  #settle(line: number, now: number, bytes: number): void {
    keepHalves(this.memory, line);
    if ((now - peek(this.words, line + CLAIM)) >>> 0 < this.foldMs) return;
    mendLastTick(this.memory, line, now);
    foldRate(this.memory, line, now, bytes);
  }
}
