import { peek, poke } from "@udp-relay/atomics-layout/memory";
import { BURST_LOST, BURSTS, LONGEST_BURST, RUN } from "./record-layout.ts";
import type { RecordWords } from "./record-memory.ts";

/*
 * A burst is a run of losses with no arrival between them, in the order of sending. With sequence numbers a packet
 * counts here only once it is too old to arrive late (it left the arrival bits): reordering makes no bursts. Readers
 * add what is still among the arrival bits.
 *
 * Concurrency: the holder of the record's lock.
 */

/** Continues the present run by `lost` packets. */
export function extendRun(record: RecordWords, base: number, lost: number): void {
  const run = peek(record, base + RUN);
  if (run === 0) poke(record, base + BURSTS, (peek(record, base + BURSTS) + 1) | 0);
  poke(record, base + RUN, run + lost);
  poke(record, base + BURST_LOST, (peek(record, base + BURST_LOST) + lost) | 0);
  if (run + lost > peek(record, base + LONGEST_BURST)) poke(record, base + LONGEST_BURST, run + lost);
}

/** An arrival: the present run is over. */
export function endRun(record: RecordWords, base: number): void {
  if (peek(record, base + RUN) !== 0) poke(record, base + RUN, 0);
}
