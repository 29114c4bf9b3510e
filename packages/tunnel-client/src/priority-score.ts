/** What each term of the score counts. With all at 1, the score is the crate's, to the unit. */
export interface PriorityWeights {
  /** Of `2^20 / (max(bytesPerSecond, 100) + 1024)`: 932 for a silent client, 0 above 1 MiB/s. Default 1. */
  readonly bandwidth: number;
  /** Of each millisecond of latency, up to 500. Default 1. */
  readonly latency: number;
  /** Of each lost packet in 1,000. Default 1. */
  readonly loss: number;
  /** Of each 10 s of age, up to 100 of them. Default 1: older is worse, as in the crate; negative favours the old. */
  readonly age: number;
}

/** What a score is made of. What nothing measures stays undefined, and its term is left out. */
export interface PriorityInputs {
  /** Both directions together. */
  readonly bytesPerSecond: number;
  readonly latencyMs?: number | undefined;
  readonly lossPerMille?: number | undefined;
  /** Since the client joined, or since `resetStats`. */
  readonly ageMs: number;
}

/** Weights in place of some of the defaults. */
export type PriorityWeightOptions = {
  readonly [Term in keyof PriorityWeights]?: PriorityWeights[Term] | undefined;
};

/** What is not given counts as by default. */
export function priorityWeights(given: PriorityWeightOptions = {}): PriorityWeights {
  const { bandwidth = 1, latency = 1, loss = 1, age = 1 } = given;
  return { bandwidth, latency, loss, age };
}

/** The score of a client of which nothing is known yet. */
export const INITIAL_PRIORITY = 1_000;
const MAX_PRIORITY = 0xffff;
/** Age counts in steps of this many milliseconds, up to MAX_AGE_STEPS of them. */
export const AGE_STEP_MS = 10_000;
export const MAX_AGE_STEPS = 100;

/**
 * The score of `udp-relay-core` 0.1 (`recompute_priority`), weighted: an integer of 0..65,535, lower is better. Its
 * terms are integers, as there: whole bytes a second, milliseconds, losses per mille and steps of 10 s.
 */
export function priorityScore(inputs: PriorityInputs, weights: PriorityWeightOptions = {}): number {
  const { bandwidth, latency, loss, age } = priorityWeights(weights);
  const { bytesPerSecond, latencyMs = 0, lossPerMille = 0, ageMs } = inputs;
  return weightedScore(bytesPerSecond, latencyMs, lossPerMille, ageMs, bandwidth, latency, loss, age);
}

/** As `priorityScore`, without an object. */
export function weightedScore(
  bytesPerSecond: number,
  latencyMs: number,
  lossPerMille: number,
  ageMs: number,
  bandwidth: number,
  latency: number,
  loss: number,
  age: number,
): number {
  const bandwidthTerm = Math.floor(2 ** 20 / (Math.max(Math.floor(bytesPerSecond), 100) + 1_024));
  const latencyTerm = Math.min(Math.floor(latencyMs), 500);
  const lossTerm = Math.min(Math.floor(lossPerMille), 1_000);
  const ageTerm = Math.min(Math.floor(ageMs / AGE_STEP_MS), MAX_AGE_STEPS);
  const score = bandwidth * bandwidthTerm + latency * latencyTerm + loss * lossTerm + age * ageTerm;
  return Math.min(MAX_PRIORITY, Math.max(0, Math.floor(score)));
}

/** Classes of sending, 0 (served first) to 7: what `DatagramTransport.send` drops by under backpressure. */
const PRIORITY_CLASSES = 8;

/** 256 points a class: a fast client without loss is 0, a new one is 3, a lossy and distant one 5 and more. */
export function classOfPriority(priority: number): number {
  const priorityClass = priority >>> 8;
  return priorityClass < PRIORITY_CLASSES ? priorityClass : PRIORITY_CLASSES - 1;
}
