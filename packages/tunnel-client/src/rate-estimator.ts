import { peek } from "@udp-relay/atomics-layout/memory";
import { CLAIM, RATE } from "./client-record.ts";
import { bitsOfFloat, floatOfBits } from "./float-bits.ts";
import { spreadOver } from "./fold-spread.ts";
import { mendTick } from "./future-stamp.ts";
import { bytesModulo } from "./packed-count.ts";
import type { TableMemory } from "./table-memory.ts";
import { isFuture, sinceMs } from "./tick-distance.ts";

/*
 * The rate of one direction: each byte counts 1/T at its arrival and fades as e^(-t/T), T the time constant. Of steady
 * traffic that is the true rate, whatever the spacing of its packets: a packet each P makes it ripple by P/T around it.
 *
 *     CLAIM  tick and bytes (modulo 2^32) up to which the bytes are folded   changed by one CAS: its winner folds
 *     RATE   the rate at the last fold, f32 bytes a second, and its tick     changed by one CAS from the value read
 *
 * A fold takes the bytes since CLAIM. They came within one fold interval after it, or they would have been folded, so
 * they are taken as spread over that; the packet that folds is known to arrive now. A folder that stands still, or dies,
 * between the two loses its interval: whoever finds RATE older than CLAIM keeps the rate as it stood over the gap.
 */

/**
 * Folds the bytes since the last fold into the rate, if that is a fold interval ago.
 *
 * @param bytes of the packet that just arrived, counted already
 *
 * Concurrency: any thread; of those who race for an interval one wins, the others return. Never waits.
 */
export function foldRate(memory: TableMemory, line: number, now: number, bytes: number): void {
  const { ops } = memory;
  // Not plainly, though the swap below judges it: bytes that are read before their claim may be fewer than it says.
  const claimByte = (line + CLAIM) * 4;
  const tick = ops.loadPair(claimByte);
  const folded = ops.pairHigh();
  if (isFuture(now, tick)) {
    mendClaim(memory, line, now, tick, folded);
    return;
  }
  const elapsedMs = sinceMs(now, tick);
  if (elapsedMs < memory.foldMs) return;
  const total = bytesModulo(memory, line);
  if (ops.casPair(claimByte, tick, folded, now, total) !== 1) return;
  const fresh = (total - folded) >>> 0;
  const last = Math.min(bytes, fresh);
  const kept = Math.exp(-elapsedMs / memory.timeConstantMs);
  const gain = ((last + (fresh - last) * memory.foldSpread * kept) * 1_000) / memory.timeConstantMs;
  advanceRate(memory, line, tick, now, kept, gain);
}

/** Attempts to write a rate; each failure is another thread's success. */
const ATTEMPTS = 4;

/** Concurrency: the winner of the interval from `claimed` to `now`, over which `kept` of the rate is left. */
function advanceRate(
  memory: TableMemory,
  line: number,
  claimed: number,
  now: number,
  kept: number,
  gain: number,
): void {
  const { ops, words } = memory;
  const rateByte = (line + RATE) * 4;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // Plain at first: the swap below succeeds only if both words are those that were read.
    const bits = attempt === 0 ? peek(words, line + RATE) : ops.loadPair(rateByte);
    const tick = attempt === 0 ? peek(words, line + RATE + 1) : ops.pairHigh();
    // A later interval was folded, or the rate was reset, while this thread stood still.
    if (((tick - claimed) | 0) > 0) return;
    const rate = floatOfBits(bits) * kept + gain;
    if (ops.casPair(rateByte, bits, tick, bitsOfFloat(rate), now) === 1) return;
  }
}

/** What bytes that came within a fold interval after the last fold, `elapsedMs` ago, add to the rate now. */
function fadedRate(memory: TableMemory, bytes: number, elapsedMs: number, kept: number): number {
  if (bytes === 0) return 0;
  const { timeConstantMs, foldMs, foldSpread } = memory;
  const spread = elapsedMs >= foldMs ? foldSpread : spreadOver(elapsedMs / timeConstantMs);
  return ((bytes * 1_000) / timeConstantMs) * spread * kept;
}

/** Time constants without a byte after which a rate is 0: e^-32 of it would be left. */
export const SILENT_TIME_CONSTANTS = 32;

/**
 * The rate now, in bytes a second: what a fold at this moment would make it. Nothing is written, so that it does not
 * matter how often anybody reads.
 *
 * Concurrency: any thread; never waits. Beside a fold the rate is that of a moment before or after it.
 */
export function rateAt(memory: TableMemory, line: number, now: number): number {
  const { ops, timeConstantMs } = memory;
  const claimByte = (line + CLAIM) * 4;
  let rate = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const tick = ops.loadPair(claimByte);
    const folded = ops.pairHigh();
    const bits = ops.loadPair((line + RATE) * 4);
    const total = bytesModulo(memory, line);
    const elapsedMs = sinceMs(now, tick);
    const silent = elapsedMs > SILENT_TIME_CONSTANTS * timeConstantMs;
    const kept = Math.exp(-elapsedMs / timeConstantMs);
    rate = silent ? 0 : floatOfBits(bits) * kept + fadedRate(memory, (total - folded) >>> 0, elapsedMs, kept);
    if (ops.loadPair(claimByte) === tick && ops.pairHigh() === folded) break;
  }
  return rate;
}

/**
 * Makes the rate 0 and begins a new interval. Bytes that flowed before are in no rate any more.
 *
 * Concurrency: any thread; a folder whose interval began before loses it. Never waits.
 */
export function resetRate(memory: TableMemory, line: number, now: number): void {
  const { ops } = memory;
  const claimByte = (line + CLAIM) * 4;
  const rateByte = (line + RATE) * 4;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const tick = ops.loadPair(claimByte);
    const folded = ops.pairHigh();
    const total = bytesModulo(memory, line);
    if (ops.casPair(claimByte, tick, folded, now, total) === 1) break;
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const bits = ops.loadPair(rateByte);
    const tick = ops.pairHigh();
    const stamp = isFuture(now, tick) || ((now - tick) | 0) > 0 ? now : tick;
    if (ops.casPair(rateByte, bits, tick, 0, stamp) === 1) break;
  }
}

/** The tick of the last fold. Concurrency: any thread; a hint. */
export function foldedAt(memory: TableMemory, line: number): number {
  return memory.ops.loadPair((line + CLAIM) * 4);
}

/** A fold was stamped in the future: without this the rate would stand still until then. */
function mendClaim(memory: TableMemory, line: number, now: number, tick: number, folded: number): void {
  if (!mendTick(memory, now, tick)) return;
  const { ops } = memory;
  if (ops.casPair((line + CLAIM) * 4, tick, folded, now, folded) !== 1) return;
  const bits = ops.loadPair((line + RATE) * 4);
  const rateTick = ops.pairHigh();
  if (isFuture(now, rateTick)) ops.casPair((line + RATE) * 4, bits, rateTick, bits, now);
}
