import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { recordMicros } from "./histogram.ts";
import type { QualitySettings } from "./quality-options.ts";
import { LATEST_RTT, MIN_RTT, RTT_SAMPLES, RTTVAR, SRTT } from "./record-layout.ts";
import type { RecordWords } from "./record-memory.ts";

/** Round trips are kept in eighths of a microsecond: the smoothing's 1/8 loses nothing. u32: up to 536 s. */
export const RTT_UNITS_PER_MS = 8_000;
const MAX_UNITS = 2 ** 32 - 1;

/**
 * RFC 6298, section 2, and RFC 9002, section 5: the same smoothing; the latter's `ackDelayMs` (what the peer says it
 * waited before it answered) is taken off first, unless that would undercut the least round trip seen.
 *
 * Concurrency: the holder of the record's lock.
 */
export function recordRoundTrip(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  rttMs: number,
  ackDelayMs: number,
): void {
  const latest = Math.min(Math.round(rttMs * RTT_UNITS_PER_MS), MAX_UNITS);
  const samples = peek(record, base + RTT_SAMPLES);
  poke(record, base + LATEST_RTT, latest | 0);
  recordMicros(record, base, settings.shape.rtt, latest / 8);
  if (samples === 0) {
    poke(record, base + MIN_RTT, latest | 0);
    poke(record, base + SRTT, latest | 0);
    poke(record, base + RTTVAR, Math.round(latest / 2) | 0);
  } else {
    const least = Math.min(peek(record, base + MIN_RTT) >>> 0, latest);
    poke(record, base + MIN_RTT, least | 0);
    const delay = Math.round(ackDelayMs * RTT_UNITS_PER_MS);
    const adjusted = latest >= least + delay ? latest - delay : latest;
    const smoothed = peek(record, base + SRTT) >>> 0;
    const variation = peek(record, base + RTTVAR) >>> 0;
    // Both RFCs: the variation first, by the smoothed value from before this sample.
    poke(record, base + RTTVAR, Math.round(variation + (Math.abs(smoothed - adjusted) - variation) / 4) | 0);
    poke(record, base + SRTT, Math.round(smoothed + (adjusted - smoothed) / 8) | 0);
  }
  poke(record, base + RTT_SAMPLES, (samples + 1) | 0 || 1);
}
