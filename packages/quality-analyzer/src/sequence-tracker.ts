import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { countDown, countUp } from "./lifetime-counter.ts";
import { charge, emptyWindow, refund } from "./loss-window.ts";
import { endRun, extendRun } from "./loss-bursts.ts";
import type { QualitySettings } from "./quality-options.ts";
import {
  ARRIVALS,
  CANDIDATE_HIGH,
  CANDIDATE_LOW,
  DUPLICATES,
  EXPECTED,
  FLAGS,
  HAS_CANDIDATE,
  HAS_JITTER_REFERENCE,
  HAS_SEQUENCE,
  HIGHEST_HIGH,
  HIGHEST_LOW,
  IGNORED,
  LAST_TICK,
  LOST,
  REORDERED,
  RESTARTS,
  TRACKED,
} from "./record-layout.ts";
import type { RecordWords } from "./record-memory.ts";

/** What a sequence number turned out to be. */
export const SequenceOutcome = {
  /** Not recorded: another thread is writing this record. Only shared records answer so. */
  busy: 0,
  /** The first, or the next ahead of all before it, with or without a gap that now counts as lost. */
  advanced: 1,
  /** One that counted as lost: it no longer does. */
  late: 2,
  /** One that had arrived before. */
  duplicate: 3,
  /** Neither: a jump not yet confirmed by its successor, older than what is tracked, or no valid time or number. */
  ignored: 4,
  /** The second of two in a row far from all before: the sender started anew. The gap is no loss. */
  restarted: 5,
} as const;
export type SequenceOutcome = (typeof SequenceOutcome)[keyof typeof SequenceOutcome];

/** TRACKED stops here: all that matters is whether it reaches the depth. */
const MAX_TRACKED = 2 ** 30;

/**
 * Counts the arrival of sequence number (high, low). Rules of RFC 3550, appendix A.1, without its probation, plus one
 * bit for each of the last `depth` numbers, by which late packets and duplicates are told apart.
 *
 * Concurrency: the holder of the record's lock.
 */
export function trackSequence(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  low: number,
  high: number,
): SequenceOutcome {
  const flags = peek(record, base + FLAGS);
  if ((flags & HAS_SEQUENCE) === 0) {
    startSequence(record, base, settings, low, high);
    return SequenceOutcome.advanced;
  }
  const ahead = distance(
    settings,
    low,
    high,
    peek(record, base + HIGHEST_LOW),
    peek(record, base + HIGHEST_HIGH),
  );
  if (ahead > 0 && ahead <= settings.maxGap) {
    // A candidate for a restart is confirmed by the very next packet or not at all.
    if ((flags & HAS_CANDIDATE) !== 0) poke(record, base + FLAGS, flags & ~HAS_CANDIDATE);
    advance(record, base, settings, low, high, ahead);
    return SequenceOutcome.advanced;
  }
  if (ahead <= 0 && -ahead < settings.shape.depth) return lookBack(record, base, settings, low, -ahead);

  if (
    (flags & HAS_CANDIDATE) !== 0 &&
    distance(settings, low, high, peek(record, base + CANDIDATE_LOW), peek(record, base + CANDIDATE_HIGH)) ===
      1
  ) {
    restartSequence(record, base, settings);
    emptyWindow(record, base, peek(record, base + LAST_TICK));
    startSequence(record, base, settings, low, high);
    poke(record, base + RESTARTS, (peek(record, base + RESTARTS) + 1) | 0);
    return SequenceOutcome.restarted;
  }
  poke(record, base + FLAGS, flags | HAS_CANDIDATE);
  poke(record, base + CANDIDATE_LOW, low);
  poke(record, base + CANDIDATE_HIGH, high);
  return ignore(record, base);
}

/** Counts a sample that says nothing. */
export function ignore(record: RecordWords, base: number): SequenceOutcome {
  poke(record, base + IGNORED, (peek(record, base + IGNORED) + 1) | 0);
  return SequenceOutcome.ignored;
}

/** Forgets the sender's numbering, its clock and the run of losses; what is still open is lost for good. */
export function restartSequence(record: RecordWords, base: number, settings: QualitySettings): void {
  const { depth } = settings.shape;
  const highest = peek(record, base + HIGHEST_LOW);
  if (peek(record, base + TRACKED) > 0)
    for (let i = 1; i <= depth; i++) settle(record, base, highest + i, depth);
  const forgotten = HAS_SEQUENCE | HAS_CANDIDATE | HAS_JITTER_REFERENCE;
  poke(record, base + FLAGS, peek(record, base + FLAGS) & ~forgotten);
  poke(record, base + TRACKED, 0);
  endRun(record, base);
}

function startSequence(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  low: number,
  high: number,
): void {
  // What came before the first counts as arrived: nobody knows whether it was ever sent.
  for (let i = 0; i < settings.shape.depth / 32; i++) poke(record, base + ARRIVALS + i, -1);
  poke(record, base + HIGHEST_LOW, low);
  poke(record, base + HIGHEST_HIGH, high);
  poke(record, base + TRACKED, 1);
  poke(record, base + FLAGS, (peek(record, base + FLAGS) | HAS_SEQUENCE) & ~HAS_CANDIDATE);
  countUp(record, base + EXPECTED, 1);
  charge(record, base, settings, 0, true);
}

function advance(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  low: number,
  high: number,
  ahead: number,
): void {
  const { depth } = settings.shape;
  const from = peek(record, base + HIGHEST_LOW);
  // The bit of number `from + i` is still that of `from + i - depth`, which leaves.
  for (let i = 1, leaving = Math.min(ahead, depth); i <= leaving; i++) {
    settle(record, base, from + i, depth);
    markArrival(record, base, from + i, depth, i === ahead);
  }
  if (ahead > depth) {
    // Those between are more than the depth behind already.
    extendRun(record, base, ahead - depth);
    markArrival(record, base, low, depth, true);
  }
  poke(record, base + HIGHEST_LOW, low);
  poke(record, base + HIGHEST_HIGH, high);
  poke(record, base + TRACKED, Math.min(peek(record, base + TRACKED) + ahead, MAX_TRACKED));
  // Expected first: whoever takes over from a dead writer finds at most too few losses, never more than packets.
  countUp(record, base + EXPECTED, ahead);
  if (ahead > 1) countUp(record, base + LOST, ahead - 1);
  charge(record, base, settings, ahead - 1, true);
}

function hasArrived(record: RecordWords, base: number, position: number, depth: number): boolean {
  const index = position & (depth - 1);
  return (peek(record, base + ARRIVALS + (index >>> 5)) & (1 << (index & 31))) !== 0;
}

function markArrival(
  record: RecordWords,
  base: number,
  position: number,
  depth: number,
  arrived: boolean,
): void {
  const index = position & (depth - 1);
  const word = base + ARRIVALS + (index >>> 5);
  const bit = 1 << (index & 31);
  const bits = peek(record, word);
  const after = arrived ? bits | bit : bits & ~bit;
  if (after !== bits) poke(record, word, after);
}

/** Counts the number that `position` stands for as lost for good, or ends the run of losses. */
function settle(record: RecordWords, base: number, position: number, depth: number): void {
  if (hasArrived(record, base, position, depth)) endRun(record, base);
  else extendRun(record, base, 1);
}

/** A number `behind` the highest, within the arrival bits: late, a duplicate, or from before the first. */
function lookBack(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  low: number,
  behind: number,
): SequenceOutcome {
  if (behind >= peek(record, base + TRACKED)) return ignore(record, base);
  const { depth } = settings.shape;
  if (hasArrived(record, base, low, depth)) {
    poke(record, base + DUPLICATES, (peek(record, base + DUPLICATES) + 1) | 0);
    return SequenceOutcome.duplicate;
  }
  markArrival(record, base, low, depth, true);
  poke(record, base + REORDERED, (peek(record, base + REORDERED) + 1) | 0);
  countDown(record, base + LOST);
  refund(record, base, behind);
  return SequenceOutcome.late;
}

/** How far (high, low) is ahead of the other number, modulo the sequence's width; negative if behind. */
function distance(
  settings: QualitySettings,
  low: number,
  high: number,
  otherLow: number,
  otherHigh: number,
): number {
  const bits = settings.sequenceBits;
  if (bits === 16) return ((low - otherLow) << 16) >> 16;
  if (bits === 32) return (low - otherLow) | 0;
  const lowDistance = (low >>> 0) - (otherLow >>> 0);
  return ((high - otherHigh - (lowDistance < 0 ? 1 : 0)) | 0) * 2 ** 32 + (lowDistance >>> 0);
}
