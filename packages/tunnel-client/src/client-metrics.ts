import { add, exchange, load, peek } from "@udp-relay/atomics-layout/memory";
import { JITTER, LATENCY, LOSS, PRIORITY, VERSION } from "./client-record.ts";
import { startTick } from "./client-totals.ts";
import { bitsOfFloat, floatOfBits } from "./float-bits.ts";
import { AGE_STEP_MS, INITIAL_PRIORITY, MAX_AGE_STEPS, weightedScore } from "./priority-score.ts";
import { foldedAt, rateAt, SILENT_TIME_CONSTANTS } from "./rate-estimator.ts";
import { metricsOf, receiveLine, sendLine } from "./table-memory.ts";
import type { TableMemory } from "./table-memory.ts";
import { sinceMs } from "./tick-distance.ts";

/*
 * Latency, loss and jitter are words of f32, and 0 while nobody has measured them; a measured 0 is -0.
 *
 *     PRIORITY  score (16 bits) | steps at which it was computed (16)     a pair of words, written at once
 *               digest of the inputs' state at which it was computed (32)
 *     VERSION   counts measurements and resets
 *
 * The digest mixes VERSION with the ticks of the last folds, so that a fold has nothing to write here. The score holds as
 * long as digest and steps are the same; steps are what time does to the inputs (see `stepsAt`).
 */
export type MeasuredWord = typeof LATENCY | typeof LOSS | typeof JITTER;

/** Concurrency: in a guard; any thread. `value` >= 0. */
export function writeMeasured(memory: TableMemory, slot: number, word: MeasuredWord, value: number): void {
  const metrics = metricsOf(memory, slot);
  const bits = bitsOfFloat(value === 0 ? -0 : value);
  if (exchange(memory.words, metrics + word, bits) !== bits) add(memory.words, metrics + VERSION, 1);
}

/** Undefined while nothing was measured. Concurrency: in a guard; one plain read. */
export function readMeasured(memory: TableMemory, slot: number, word: MeasuredWord): number | undefined {
  const bits = peek(memory.words, metricsOf(memory, slot) + word);
  return bits === 0 ? undefined : Math.abs(floatOfBits(bits));
}

/** Both directions together, bytes a second. Concurrency: in a guard; never waits. */
function bothRates(memory: TableMemory, slot: number, now: number): number {
  return rateAt(memory, receiveLine(memory, slot), now) + rateAt(memory, sendLine(memory, slot), now);
}

/**
 * The client's score: computed again only if an input has changed since it was last computed by any thread.
 *
 * Concurrency: in a guard; never waits. Threads that compute it at once write the same number.
 */
export function priorityOf(memory: TableMemory, slot: number, now: number): number {
  const { ops, settings } = memory;
  const metrics = metricsOf(memory, slot);
  // The state first: an input that changes from here on makes the score stale.
  const version = load(memory.words, metrics + VERSION);
  const received = foldedAt(memory, receiveLine(memory, slot));
  const sent = foldedAt(memory, sendLine(memory, slot));
  const start = startTick(memory, slot);
  const ageMs = sinceMs(now, start);
  const untouched = version === 0 && received === start && sent === start;
  if (untouched && ageMs < AGE_STEP_MS) return INITIAL_PRIORITY;
  const digest = (Math.imul(version, 0x9e3779b1) + Math.imul(received, 0x85ebca6b)) ^ sent;
  const steps = stepsAt(memory, Math.min(sinceMs(now, received), sinceMs(now, sent)), ageMs);
  const found = ops.loadPair((metrics + PRIORITY) * 4);
  const foundDigest = ops.pairHigh();
  if (foundDigest === digest && (found & 0xffff) === steps) return found >>> 16;
  memory.recomputes++;
  const score = weightedScore(
    bothRates(memory, slot, now),
    readMeasured(memory, slot, LATENCY) ?? 0,
    readMeasured(memory, slot, LOSS) ?? 0,
    ageMs,
    settings.bandwidthWeight,
    settings.latencyWeight,
    settings.lossWeight,
    settings.ageWeight,
  );
  ops.casPair((metrics + PRIORITY) * 4, found, foundDigest, (score << 16) | steps, digest);
  return score;
}

/** The score that was last computed, however old. Concurrency: in a guard; one plain read, a hint. */
export function lastPriority(memory: TableMemory, slot: number): number {
  const word = peek(memory.words, metricsOf(memory, slot) + PRIORITY);
  return word === 0 ? INITIAL_PRIORITY : word >>> 16;
}

/** In every word of steps, so that none is 0, which says that nothing was computed yet. */
const COMPUTED = 0x8000;

/**
 * What time alone has done to the inputs: whole age steps (7 bits), and whole quarters of a time constant since the last
 * fold, in which the rates have fallen (8 bits), until they are silent.
 */
function stepsAt(memory: TableMemory, idleMs: number, ageMs: number): number {
  const ageSteps = Math.min(MAX_AGE_STEPS, Math.floor(ageMs / AGE_STEP_MS));
  const quarters = Math.floor((idleMs * 4) / memory.timeConstantMs);
  return COMPUTED | (ageSteps << 8) | Math.min(quarters, SILENT_TIME_CONSTANTS * 4);
}
