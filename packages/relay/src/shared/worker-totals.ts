import type { Region, SectionPlan } from "@udp-relay/atomics-layout";
import { peekF64, pokeF64, type Doubles } from "@udp-relay/atomics-layout/memory";

const SECTION = "worker totals";
const LINE_BYTES = 64;
/** Publications that a reader lets pass by before it takes what it has. */
const READS = 8;

/**
 * One worker's totals, exact through its death.
 *
 *     | version, datagrams in hand | … | copy 0: all totals | copy 1: all totals |
 *
 * The totals of version v stand in copy v & 1. The worker says how many datagrams it has in hand, deals with them,
 * writes the new totals into the other copy, and then sets the version and 'none in hand' in one store. Whoever
 * finds it dead finds totals of whole batches, and beside them the size of the batch that died with it.
 */
export class WorkerTotals {
  readonly #region: Region;
  readonly #doubles: Doubles;
  readonly #byteOffset: number;
  readonly #copyBytes: number;
  /** Numbers that the worker publishes. */
  readonly fields: number;

  /** @param fields numbers that each worker publishes */
  static section(workers: number, fields: number): SectionPlan {
    return { name: SECTION, byteLength: workers * workerBytes(fields) };
  }

  /** @param fields as of the section */
  constructor(region: Region, index: number, fields: number) {
    this.fields = fields;
    this.#region = region;
    this.#doubles = region.doubles;
    this.#copyBytes = copyBytes(fields);
    this.#byteOffset = region.section(SECTION).byteOffset + index * workerBytes(fields);
  }

  /** Concurrency: the totals' one writer. */
  takeInHand(datagrams: number): void {
    const { ops } = this.#region;
    const version = ops.loadPair(this.#byteOffset);
    ops.storePair(this.#byteOffset, version, datagrams);
  }

  /**
   * Publishes what changed. Each copy is written every other time, so `changed` lists the fields that changed since
   * the publication before the last.
   *
   * Concurrency: the totals' one writer; readers see all of it or nothing.
   */
  publish(totals: Float64Array, changed: Uint16Array, count: number): void {
    const { ops } = this.#region;
    const next = (ops.loadPair(this.#byteOffset) + 1) | 0;
    const copy = this.#copyAt(next);
    for (let i = 0; i < count; i++) {
      const field = changed[i]!;
      pokeF64(this.#doubles, copy + field, totals[field]!);
    }
    // An atomic store: who finds the version finds the copy whole.
    ops.storePair(this.#byteOffset, next, 0);
  }

  /**
   * Takes the last publication back: what the version before said holds again, as a version of its own. Were the number
   * used again, a reader could take half of what was taken back and half of what is published next for one version.
   *
   * Concurrency: the totals' one writer, before it publishes anything.
   */
  takeBack(): void {
    const { ops } = this.#region;
    ops.storePair(this.#byteOffset, (ops.loadPair(this.#byteOffset) + 1) | 0, 0);
  }

  /**
   * The totals of one version: as many fields as `target` has, from field `first` on.
   *
   * @returns datagrams that the worker has in hand now
   *
   * Concurrency: any thread; never waits. Reads again while the worker publishes, eight times at most; what it then has
   * may be of two neighbouring versions.
   */
  read(target: Float64Array, first = 0): number {
    const { ops } = this.#region;
    let inHand = 0;
    for (let reads = 0; reads < READS; reads++) {
      const version = ops.loadPair(this.#byteOffset);
      inHand = ops.pairHigh();
      const copy = this.#copyAt(version) + first;
      for (let field = 0; field < target.length; field++) {
        target[field] = peekF64(this.#doubles, copy + field);
      }
      ops.fence();
      if (ops.loadPair(this.#byteOffset) === version) break;
    }
    return inHand;
  }

  #copyAt(version: number): number {
    return (this.#byteOffset + LINE_BYTES + (version & 1) * this.#copyBytes) / 8;
  }
}

/** Whole cache lines, so that no two writers share one. */
function copyBytes(fields: number): number {
  return Math.ceil((fields * 8) / LINE_BYTES) * LINE_BYTES;
}

function workerBytes(fields: number): number {
  return LINE_BYTES + 2 * copyBytes(fields);
}
