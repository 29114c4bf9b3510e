import { requireRange } from "./quality-error.ts";

/**
 * One path's whole state is a flat record of 32-bit words. Two shapes of it exist, the same up to the end of the
 * slices: *compact*, 512 bytes, for records in a shared region, and *fine*, 1,536 bytes, for an analyzer's own memory.
 *
 *     word  0  lock, version, skipped, takeovers          the shared record's protocol (unused in own memory)
 *           4  flags, last sample's tick
 *           6  sequence: highest, candidate after a jump, positions tracked
 *          11  lifetime: expected, lost (64 bits each), duplicates, reordered, ignored, restarts
 *          19  bursts: run, count, lost, longest
 *          23  jitter: last arrival, its tick, last send time, estimate, samples
 *          28  round trip: smoothed, variation, least, latest, samples
 *          33  slices of the loss window: which one is filling and how many are in use
 *          35  8 slices of 3 words: packets, lost, tick of the first
 *          59  arrivals: one bit a sequence number; 512 of them (compact) or 1,024
 *       75 91  histogram of round-trip times, two 16-bit counts a word
 *      101 235 histogram of jitter samples, the same
 *      128 384 end, in whole cache lines
 */
export const LOCK = 0;
export const VERSION = 1;
export const SKIPPED = 2;
export const TAKEOVERS = 3;
export const FLAGS = 4;
export const LAST_TICK = 5;
export const HIGHEST_LOW = 6;
export const HIGHEST_HIGH = 7;
export const CANDIDATE_LOW = 8;
export const CANDIDATE_HIGH = 9;
export const TRACKED = 10;
export const EXPECTED = 11;
export const LOST = 13;
export const DUPLICATES = 15;
export const REORDERED = 16;
export const IGNORED = 17;
export const RESTARTS = 18;
export const RUN = 19;
export const BURSTS = 20;
export const BURST_LOST = 21;
export const LONGEST_BURST = 22;
export const LAST_ARRIVAL_US = 23;
export const LAST_ARRIVAL_TICK = 24;
export const LAST_SENT = 25;
export const JITTER_NS = 26;
export const JITTER_SAMPLES = 27;
export const SRTT = 28;
export const RTTVAR = 29;
export const MIN_RTT = 30;
export const LATEST_RTT = 31;
export const RTT_SAMPLES = 32;
export const CURRENT_SLICE = 33;
export const SLICES_IN_USE = 34;
export const SLICES = 35;
export const ARRIVALS = 59;

/** FLAGS. */
export const HAS_SEQUENCE = 1;
export const HAS_CANDIDATE = 2;
export const HAS_JITTER_REFERENCE = 4;
export const HAS_TICK = 8;

/** A slice's words. */
export const SLICE_COUNT = 8;
export const SLICE_WORDS = 3;
export const SLICE_PACKETS = 0;
export const SLICE_LOST = 1;
export const SLICE_TICK = 2;

/** A histogram of microseconds: linear up to 2 * 2^bits units, then 2^bits buckets an octave; the last takes the rest. */
export interface HistogramShape {
  readonly word: number;
  readonly unitMicros: number;
  readonly bits: number;
  readonly buckets: number;
}

/** Where the parts of variable size begin. */
export interface RecordShape {
  readonly wordCount: number;
  /** Sequence numbers behind the highest that are told apart: a power of two. */
  readonly depth: number;
  readonly rtt: HistogramShape;
  readonly jitter: HistogramShape;
}

function recordShape(
  depth: number,
  bits: number,
  octaves: number,
  rttUnit: number,
  jitterUnit: number,
): RecordShape {
  const buckets = (octaves + 1) << bits;
  const rtt = { word: ARRIVALS + depth / 32, unitMicros: rttUnit, bits, buckets };
  const jitter = { word: rtt.word + buckets / 2, unitMicros: jitterUnit, bits, buckets };
  const end = jitter.word + buckets / 2;
  return { wordCount: Math.ceil(end / 16) * 16, depth, rtt, jitter };
}

/** 4 buckets an octave: round trips to 4.2 s from 0.26 ms, jitter to 524 ms from 0.03 ms. 128 words. */
export const COMPACT: RecordShape = recordShape(512, 2, 12, 256, 32);
/** 16 buckets an octave: round trips to 33 s from 0.016 ms, jitter to 4.2 s from 0.002 ms. */
export const FINE: RecordShape = recordShape(1_024, 4, 17, 16, 2);

/** What the users of a table of shared records need to reserve: one section of a region, a record a slot. */
export const qualityRecord: {
  /** Of one record: 512 bytes. */
  readonly byteLength: number;
  readonly align: 64;
  /** The section's name, where {@link SharedQuality} looks for it by default. */
  readonly sectionName: "quality";
  /** The plan of a section of `capacity` records, for a region's `sections`. */
  section(capacity: number): { name: string; byteLength: number; align: 64 };
} = {
  byteLength: COMPACT.wordCount * 4,
  align: 64,
  sectionName: "quality",
  section(capacity) {
    const records = requireRange(
      "capacity (a whole number)",
      Number.isInteger(capacity) ? capacity : Number.NaN,
      1,
      2 ** 22,
    );
    return { name: "quality", byteLength: records * COMPACT.wordCount * 4, align: 64 };
  },
};
