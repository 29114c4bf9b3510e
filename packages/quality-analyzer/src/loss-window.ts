import { peek, poke } from "@udp-relay/atomics-layout/memory";
import type { QualitySettings } from "./quality-options.ts";
import {
  CURRENT_SLICE,
  FLAGS,
  HAS_TICK,
  LAST_TICK,
  SLICE_COUNT,
  SLICE_LOST,
  SLICE_PACKETS,
  SLICE_TICK,
  SLICE_WORDS,
  SLICES,
  SLICES_IN_USE,
} from "./record-layout.ts";
import type { RecordWords } from "./record-memory.ts";

/*
 * The window is a ring of 8 slices. A slice is full at an eighth of the window's packets or after an eighth of its
 * time; then the oldest slice goes. So the window holds more than 7/8 and at most all of what was asked for, and its
 * packets are exactly the last so many: losses are charged to the place where they happened, late packets are found
 * there again.
 *
 * Concurrency of every function here: the holder of the record's lock.
 */

/** Moves the window's end to `tick` (ms, u32), dropping slices that have become too old. */
export function advanceTime(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  tick: number,
): void {
  const flags = peek(record, base + FLAGS);
  if ((flags & HAS_TICK) === 0) {
    poke(record, base + FLAGS, flags | HAS_TICK);
    poke(record, base + LAST_TICK, tick);
    // Packets without a time came before: all that is known is that they came no later than this.
    for (let i = 0; i < SLICE_COUNT; i++) poke(record, base + SLICES + i * SLICE_WORDS + SLICE_TICK, tick);
    return;
  }
  const passedMs = (tick - peek(record, base + LAST_TICK)) | 0;
  const sliceMs = settings.sliceMs;
  if (passedMs < 0) {
    // A sample from another thread may be a little older than the last one. More than a window back, time was wrong
    // then or is wrong now: starting anew keeps one bad time from holding up the window for good.
    if (sliceMs === 0 || passedMs >= -sliceMs * SLICE_COUNT) return;
    poke(record, base + LAST_TICK, tick);
    emptyWindow(record, base, tick);
    return;
  }
  poke(record, base + LAST_TICK, tick);
  if (sliceMs === 0) return;
  const startTick = peek(record, sliceAt(record, base) + SLICE_TICK);
  const slices = Math.floor(((tick - startTick) >>> 0) / sliceMs);
  if (slices >= SLICE_COUNT) emptyWindow(record, base, tick);
  else for (let i = 1; i <= slices; i++) openSlice(record, base, (startTick + i * sliceMs) | 0);
}

/** Charges `lost` packets and then, if `received`, one that arrived. */
export function charge(
  record: RecordWords,
  base: number,
  settings: QualitySettings,
  lost: number,
  received: boolean,
): void {
  const room = settings.slicePackets;
  if (peek(record, base + SLICES_IN_USE) === 0) poke(record, base + SLICES_IN_USE, 1);
  // Of more losses than the window holds only the last count: the others would fall out of it again.
  let left = Math.min(lost, room * SLICE_COUNT);
  while (left > 0) {
    const slice = roomySlice(record, base, room);
    const packets = peek(record, slice + SLICE_PACKETS);
    const taken = Math.min(left, room - packets);
    poke(record, slice + SLICE_PACKETS, packets + taken);
    poke(record, slice + SLICE_LOST, peek(record, slice + SLICE_LOST) + taken);
    left -= taken;
  }
  if (!received) return;
  const slice = roomySlice(record, base, room);
  poke(record, slice + SLICE_PACKETS, peek(record, slice + SLICE_PACKETS) + 1);
}

/** Takes back the loss charged `behind` packets before the last one charged, if the window still holds it. */
export function refund(record: RecordWords, base: number, behind: number): void {
  const current = peek(record, base + CURRENT_SLICE);
  const inUse = peek(record, base + SLICES_IN_USE);
  let left = behind;
  for (let i = 0; i < inUse; i++) {
    const slice = base + SLICES + ((current - i) & (SLICE_COUNT - 1)) * SLICE_WORDS;
    const packets = peek(record, slice + SLICE_PACKETS);
    if (left < packets) {
      const lost = peek(record, slice + SLICE_LOST);
      if (lost > 0) poke(record, slice + SLICE_LOST, lost - 1);
      return;
    }
    left -= packets;
  }
}

/** Forgets the window; what comes next starts a new one at `tick`. */
export function emptyWindow(record: RecordWords, base: number, tick: number): void {
  for (let i = 0; i < SLICE_COUNT * SLICE_WORDS; i++) poke(record, base + SLICES + i, 0);
  poke(record, base + CURRENT_SLICE, 0);
  poke(record, base + SLICES_IN_USE, 0);
  poke(record, base + SLICES + SLICE_TICK, tick);
}

function sliceAt(record: RecordWords, base: number): number {
  return base + SLICES + peek(record, base + CURRENT_SLICE) * SLICE_WORDS;
}

/** The slice that is filling, or the next one if that is full. */
function roomySlice(record: RecordWords, base: number, room: number): number {
  const slice = sliceAt(record, base);
  if (peek(record, slice + SLICE_PACKETS) < room) return slice;
  return openSlice(record, base, peek(record, base + LAST_TICK));
}

function openSlice(record: RecordWords, base: number, tick: number): number {
  poke(record, base + CURRENT_SLICE, (peek(record, base + CURRENT_SLICE) + 1) & (SLICE_COUNT - 1));
  const inUse = peek(record, base + SLICES_IN_USE);
  if (inUse < SLICE_COUNT) poke(record, base + SLICES_IN_USE, inUse + 1);
  const slice = sliceAt(record, base);
  poke(record, slice + SLICE_PACKETS, 0);
  poke(record, slice + SLICE_LOST, 0);
  poke(record, slice + SLICE_TICK, tick);
  return slice;
}
