import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { recordMicros } from "./histogram.ts";
import type { QualitySettings } from "./quality-options.ts";
import {
  FLAGS,
  HAS_JITTER_REFERENCE,
  JITTER_NS,
  JITTER_SAMPLES,
  LAST_ARRIVAL_TICK,
  LAST_ARRIVAL_US,
  LAST_SENT,
} from "./record-layout.ts";
import type { RecordWords } from "./record-memory.ts";

/** Times are kept as u32 microseconds, good for differences up to half of that: 35.8 minutes. */
const LONGEST_PAUSE_MS = 2_100_000;
const MAX_NS = 2 ** 32 - 1;

/**
 * Interarrival jitter of RFC 3550, section 6.4.1 and appendix A.8: J += (|D| - J) / 16 for each packet, D being the
 * difference of two packets' transit times. The first packet is only a reference. Kept in whole nanoseconds.
 *
 * `sent` is in ticks of the media clock or in ms; `tick` is the arrival in whole ms, u32.
 *
 * Concurrency: the holder of the record's lock.
 */
export function recordTransit(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  arrivalMs: number,
  sent: number,
  tick: number,
): void {
  const arrivalUs = toMicros(arrivalMs);
  const sentWord = settings.microsPerTimestamp === 0 ? toMicros(sent) : sent | 0;
  const flags = peek(record, base + FLAGS);
  const lastArrivalUs = peek(record, base + LAST_ARRIVAL_US);
  const lastSent = peek(record, base + LAST_SENT);
  poke(record, base + LAST_ARRIVAL_US, arrivalUs);
  poke(record, base + LAST_SENT, sentWord);
  const pausedMs = Math.abs((tick - peek(record, base + LAST_ARRIVAL_TICK)) | 0);
  poke(record, base + LAST_ARRIVAL_TICK, tick);
  if ((flags & HAS_JITTER_REFERENCE) === 0 || pausedMs > LONGEST_PAUSE_MS) {
    poke(record, base + FLAGS, flags | HAS_JITTER_REFERENCE);
    return;
  }
  const sentUs = ((sentWord - lastSent) | 0) * (settings.microsPerTimestamp || 1);
  const sampleUs = Math.abs(((arrivalUs - lastArrivalUs) | 0) - sentUs);
  const sampleNs = Math.min(sampleUs * 1_000, MAX_NS);
  const jitterNs = peek(record, base + JITTER_NS) >>> 0;
  poke(record, base + JITTER_NS, Math.round(jitterNs + (sampleNs - jitterNs) / 16) | 0);
  recordMicros(record, base, settings.shape.jitter, sampleUs);
  poke(record, base + JITTER_SAMPLES, (peek(record, base + JITTER_SAMPLES) + 1) | 0);
}

/** The low 32 bits of a time in whole microseconds. */
function toMicros(ms: number): number {
  return Math.round(ms * 1_000) | 0;
}
