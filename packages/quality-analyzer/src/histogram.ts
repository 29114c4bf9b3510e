import { peek, poke } from "@udp-relay/atomics-layout/memory";
import type { HistogramShape } from "./record-layout.ts";
import type { RecordWords } from "./record-memory.ts";

/*
 * A log-linear histogram in fixed memory: a value in units u falls into bucket u while u < 2 * 2^bits, above that
 * every octave has 2^bits buckets of equal width, so that a bucket is never wider than 2^-bits of its lower edge.
 * Counts have 16 bits, two a word. When one is full all are halved: older samples then weigh half.
 */
const FULL = 0xffff;

/** Counts one value. Concurrency: the holder of the record's lock. */
export function recordMicros(record: RecordWords, base: number, shape: HistogramShape, micros: number): void {
  const bucket = bucketOf(shape, micros);
  const word = base + shape.word + (bucket >>> 1);
  const shift = (bucket & 1) << 4;
  if (((peek(record, word) >>> shift) & FULL) === FULL) halve(record, base, shape);
  poke(record, word, peek(record, word) + (1 << shift));
}

function halve(record: RecordWords, base: number, shape: HistogramShape): void {
  for (let i = 0; i < shape.buckets / 2; i++) {
    const word = base + shape.word + i;
    poke(record, word, (peek(record, word) >>> 1) & 0x7fff_7fff);
  }
}

/** Values beyond the last bucket count there. */
export function bucketOf(shape: HistogramShape, micros: number): number {
  const units = Math.min(Math.floor(micros / shape.unitMicros), 2 ** 31 - 1);
  const octave = Math.max(0, 31 - Math.clz32(units) - shape.bits);
  return Math.min((octave << shape.bits) + (units >>> octave), shape.buckets - 1);
}

/** A bucket's lower edge in microseconds; that of `bucket + 1` is its upper edge. */
export function lowerEdgeMicros(shape: HistogramShape, bucket: number): number {
  const octave = Math.max(0, (bucket >>> shape.bits) - 1);
  return (bucket - (octave << shape.bits)) * 2 ** octave * shape.unitMicros;
}

/** Percentiles of the samples that the histogram still holds, in ms. */
export interface Percentiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Samples that they rest on; older ones weigh half once a bucket has filled. */
  readonly samples: number;
}

/** Reads a record of this thread's own memory; undefined without samples. Linear within a bucket. */
export function percentilesOf(
  words: Int32Array<ArrayBuffer>,
  shape: HistogramShape,
): Percentiles | undefined {
  let samples = 0;
  for (let bucket = 0; bucket < shape.buckets; bucket++) samples += countAt(words, shape, bucket);
  if (samples === 0) return undefined;
  return {
    p50Ms: quantileMs(words, shape, samples * 0.5),
    p95Ms: quantileMs(words, shape, samples * 0.95),
    p99Ms: quantileMs(words, shape, samples * 0.99),
    samples,
  };
}

function quantileMs(words: Int32Array<ArrayBuffer>, shape: HistogramShape, rank: number): number {
  let below = 0;
  for (let bucket = 0; bucket < shape.buckets; bucket++) {
    const count = countAt(words, shape, bucket);
    if (count > 0 && below + count >= rank) {
      const lower = lowerEdgeMicros(shape, bucket);
      const upper = lowerEdgeMicros(shape, bucket + 1);
      return (lower + ((upper - lower) * (rank - below)) / count) / 1_000;
    }
    below += count;
  }
  return lowerEdgeMicros(shape, shape.buckets) / 1_000;
}

function countAt(words: Int32Array<ArrayBuffer>, shape: HistogramShape, bucket: number): number {
  return (words[shape.word + (bucket >>> 1)]! >>> ((bucket & 1) << 4)) & FULL;
}
