import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { QualityError } from "./quality-error.ts";
import { type QualityOptions, type QualitySettings, resolveOptions } from "./quality-options.ts";
import { QualityReadings } from "./quality-readings.ts";
import { COMPACT, FLAGS, qualityRecord, SKIPPED } from "./record-layout.ts";
import { restartEstimators, sampleArrival, sampleOutcome, sampleRoundTrip } from "./sample-recorder.ts";
import { SequenceOutcome } from "./sequence-tracker.ts";
import {
  copyRecord,
  Entered,
  enterRecord,
  isAbandoned,
  leaveRecord,
  type RecordRegion,
  seizeRecord,
} from "./shared-record.ts";

/** A region that has a section of quality records: atomics-layout's `Region`, typed by what is used of it. */
export interface QualityRegion extends RecordRegion {
  section(name: string): { readonly byteOffset: number; readonly byteLength: number };
}

/** The options of the estimators, and where their records are. */
export interface SharedQualityOptions extends QualityOptions {
  /** The section of the region that holds the records. Default `qualityRecord.sectionName`. */
  readonly section?: string | undefined;
}

/** A reader gives up after so many copies that a writer spoiled: one takes about 0.1 us, a writing about as long. */
const READ_ATTEMPTS = 64;

/**
 * Quality records in a region, 512 bytes a slot: any attached thread records, any thread reads. The same estimators
 * as `QualityAnalyzer`; every thread must give the same options.
 *
 * A view: `at(slot)` binds it and allocates nothing; a slot is good for as long as the caller's table says. A sample
 * that finds the record taken by another thread is skipped and counted: nobody ever waits.
 */
export class SharedQuality {
  /** Records in the section. */
  readonly capacity: number;

  readonly #region: QualityRegion;
  readonly #owner: { readonly id: number };
  readonly #settings: QualitySettings;
  readonly #firstWord: number;
  readonly #copy = new Int32Array(COMPACT.wordCount);
  readonly #readings: QualityReadings;
  #base: number;

  /**
   * @param owner this thread's entry in the region's table of owners.
   * @throws QualityError ERR_QUALITY_OPTION, naming the option; whatever the region throws for a missing section.
   */
  constructor(region: QualityRegion, owner: { readonly id: number }, options: SharedQualityOptions = {}) {
    this.#region = region;
    this.#owner = owner;
    this.#settings = resolveOptions(options, COMPACT);
    const { byteOffset, byteLength } = region.section(options.section ?? qualityRecord.sectionName);
    this.capacity = Math.floor(byteLength / qualityRecord.byteLength);
    this.#firstWord = byteOffset / 4;
    this.#base = this.#firstWord;
    this.#readings = new QualityReadings(this.#copy, this.#settings);
  }

  /**
   * Binds this view to a slot and returns it.
   *
   * @throws QualityError ERR_QUALITY_SLOT outside 0..capacity-1.
   */
  at(slot: number): this {
    if (!(slot >>> 0 === slot && slot < this.capacity)) {
      throw new QualityError("ERR_QUALITY_SLOT", `slot ${slot} of ${this.capacity}`);
    }
    this.#base = this.#firstWord + slot * COMPACT.wordCount;
    return this;
  }

  /**
   * As `QualityAnalyzer.recordPacket`; false if the record was taken.
   *
   * Concurrency: any attached thread; never waits.
   */
  recordPacket(lost: boolean, nowMs?: number): boolean {
    if (!this.#enter()) return false;
    sampleOutcome(this.#region.words, this.#base, this.#settings, lost, nowMs);
    leaveRecord(this.#region, this.#base);
    return true;
  }

  /**
   * As `QualityAnalyzer.recordSequence`; `SequenceOutcome.busy` if the record was taken: that packet then counts as
   * lost, so let one thread record one client's sequence numbers where you can.
   *
   * Concurrency: any attached thread; never waits.
   */
  recordSequence(sequence: number, arrivalMs: number, senderTimestamp?: number): SequenceOutcome {
    const high = this.#settings.sequenceBits === 64 ? Math.floor(sequence / 2 ** 32) | 0 : 0;
    const timeMs = Number.isInteger(sequence) ? arrivalMs : Number.NaN;
    return this.recordSequenceWords(sequence | 0, high, timeMs, senderTimestamp);
  }

  /** As {@link recordSequence}, a 64-bit number in two halves. Concurrency: the same. */
  recordSequenceWords(
    low: number,
    high: number,
    arrivalMs: number,
    senderTimestamp?: number,
  ): SequenceOutcome {
    if (!this.#enter()) return SequenceOutcome.busy;
    const { words } = this.#region;
    const outcome = sampleArrival(
      words,
      this.#base,
      this.#settings,
      low | 0,
      high | 0,
      arrivalMs,
      senderTimestamp,
    );
    leaveRecord(this.#region, this.#base);
    return outcome;
  }

  /**
   * As `QualityAnalyzer.recordRtt`; false also if the record was taken.
   *
   * Concurrency: any attached thread; never waits.
   */
  recordRtt(rttMs: number, ackDelayMs = 0): boolean {
    if (!this.#enter()) return false;
    const recorded = sampleRoundTrip(this.#region.words, this.#base, this.#settings, rttMs, ackDelayMs);
    leaveRecord(this.#region, this.#base);
    return recorded;
  }

  /**
   * What the record says, all of one moment; undefined while a writer stands still in the middle of it. The object
   * is this view's own and shows the next record after the next `read`.
   *
   * Concurrency: any thread; writes nothing, never waits.
   */
  read(): QualityReadings | undefined {
    return copyRecord(this.#region, this.#base, this.#copy, READ_ATTEMPTS) ? this.#readings : undefined;
  }

  /**
   * Forgets everything but what was skipped and taken over; false if the record was taken.
   *
   * Concurrency: any attached thread; never waits.
   */
  reset(): boolean {
    if (!this.#enter()) return false;
    this.#clear(FLAGS);
    leaveRecord(this.#region, this.#base);
    return true;
  }

  /**
   * Makes an empty record of whatever the slot's last user left, a lock included. For the slot's new user.
   *
   * Concurrency: before the slot is published: no other living thread may record here. Readers are safe.
   */
  initialize(): void {
    seizeRecord(this.#region, this.#base, this.#owner.id);
    this.#clear(SKIPPED);
    leaveRecord(this.#region, this.#base);
  }

  /**
   * Frees the record if its writer died in the middle (its owner is declared dead) and restarts its estimators, as
   * the next recording would; true if it did. For whoever repairs after a death, so that readers see data again.
   *
   * Concurrency: any attached thread; never waits.
   */
  repair(): boolean {
    if (!isAbandoned(this.#region, this.#base) || !this.#enter()) return false;
    leaveRecord(this.#region, this.#base);
    return true;
  }

  #enter(): boolean {
    const entered = enterRecord(this.#region, this.#base, this.#owner.id);
    if (entered === Entered.takenOver) restartEstimators(this.#region.words, this.#base, this.#settings);
    return entered !== Entered.busy;
  }

  /** Words that are 0 already are not stored to: an unused record's lines stay clean in every cache. */
  #clear(from: typeof FLAGS | typeof SKIPPED): void {
    const { words } = this.#region;
    for (let i = this.#base + from; i < this.#base + COMPACT.wordCount; i++) {
      if (peek(words, i) !== 0) poke(words, i, 0);
    }
  }
}
