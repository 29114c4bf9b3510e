import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { recordTransit } from "./jitter-estimator.ts";
import { countUp } from "./lifetime-counter.ts";
import { endRun, extendRun } from "./loss-bursts.ts";
import { advanceTime, charge, emptyWindow } from "./loss-window.ts";
import type { QualitySettings } from "./quality-options.ts";
import {
  EXPECTED,
  FLAGS,
  HAS_SEQUENCE,
  JITTER_NS,
  JITTER_SAMPLES,
  LAST_TICK,
  LOST,
  RTT_SAMPLES,
  RTTVAR,
  SRTT,
  TRACKED,
} from "./record-layout.ts";
import type { RecordWords } from "./record-memory.ts";
import { recordRoundTrip } from "./rtt-estimator.ts";
import { ignore, restartSequence, SequenceOutcome, trackSequence } from "./sequence-tracker.ts";

/*
 * The whole samples, each a few estimators' steps: what own memory runs as it is and a shared record under its lock.
 * Concurrency of every function here: the holder of the record's lock.
 */

/** One packet whose fate is known. `nowMs` undefined: the time of the sample before. */
export function sampleOutcome(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  lost: boolean,
  nowMs: number | undefined,
): void {
  if (nowMs !== undefined && Number.isFinite(nowMs)) advanceTime(record, base, settings, toTick(nowMs));
  countUp(record, base + EXPECTED, 1);
  if (lost) {
    countUp(record, base + LOST, 1);
    extendRun(record, base, 1);
  } else {
    endRun(record, base);
  }
  charge(record, base, settings, lost ? 1 : 0, !lost);
}

/** One packet that arrived, by its sequence number. */
export function sampleArrival(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  low: number,
  high: number,
  arrivalMs: number,
  sent: number | undefined,
): SequenceOutcome {
  if (!Number.isFinite(arrivalMs)) return ignore(record, base);
  const tick = toTick(arrivalMs);
  advanceTime(record, base, settings, tick);
  const outcome = trackSequence(record, base, settings, low, high);
  if (sent === undefined || outcome === SequenceOutcome.duplicate || outcome === SequenceOutcome.ignored)
    return outcome;
  if (Number.isFinite(sent)) recordTransit(record, base, settings, arrivalMs, sent, tick);
  return outcome;
}

/** One round trip; false if it is no time. */
export function sampleRoundTrip(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  rttMs: number,
  ackDelayMs: number,
): boolean {
  if (!(rttMs >= 0 && rttMs < Infinity && ackDelayMs >= 0)) {
    ignore(record, base);
    return false;
  }
  recordRoundTrip(record, base, settings, rttMs, ackDelayMs);
  return true;
}

/**
 * What a successor keeps of a record whose writer died in the middle: lifetime counts, bursts and histograms, each
 * word of which is whole. Everything that smooths or compares starts anew.
 */
export function restartEstimators(record: RecordWords, base: number, settings: QualitySettings): void {
  if ((peek(record, base + FLAGS) & HAS_SEQUENCE) !== 0) restartSequence(record, base, settings);
  poke(record, base + TRACKED, 0);
  poke(record, base + FLAGS, 0);
  emptyWindow(record, base, peek(record, base + LAST_TICK));
  for (const word of [JITTER_NS, JITTER_SAMPLES, SRTT, RTTVAR, RTT_SAMPLES]) poke(record, base + word, 0);
}

function toTick(ms: number): number {
  return Math.floor(ms) | 0;
}
