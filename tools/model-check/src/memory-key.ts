import { ANY_BIT, bitLocation, locationBit } from "./footprint.ts";
import type { Footprint } from "./footprint.ts";
import type { MemoryState } from "./memory-state.ts";
import type { WeakMemory } from "./weak-memory.ts";

/** A thread that still takes steps, with the locations that it may still load, atomically and plainly. */
export interface Peeker {
  readonly thread: number;
  readonly loads: Footprint;
  readonly peeks: Footprint;
}

/**
 * A text that is equal for two states only if no continuation can tell them apart.
 *
 * @param live the locations that anybody may still read
 * @param peekers the threads that still take steps, with the locations that each may still read plainly
 */
export function memoryKey(
  model: WeakMemory,
  memory: MemoryState,
  live: Footprint,
  peekers: readonly Peeker[],
): string {
  let text = "";
  for (const { thread, loads, peeks } of peekers) {
    const { peeked, changes } = memory.late[thread]!;
    if (!peeked && !peeks.has(ANY_BIT)) continue;
    for (const { location, value, pair } of changes) {
      if (loads.has(locationBit(location))) text += `${thread}?${location}:${value}${pair < 0 ? " " : "&"}`;
    }
  }
  for (let word = 0; word < memory.written.length; word++) {
    for (let bits = memory.written[word]! & (live.words[word] ?? 0); bits !== 0; bits &= bits - 1) {
      const location = bitLocation((word << 5) + 31 - Math.clz32(bits & -bits));
      const value = memory.values[location];
      if (value !== undefined && value !== model.locations.initial[location]) text += `${location}=${value} `;
    }
  }
  for (const [location, weak] of model.weak) text += historyKey(model, memory, location, weak, peekers, live);
  for (const buffer of memory.buffers) {
    // That something is still on its way tells a state before its end from the end itself.
    text += buffer.length > 0 ? "|+" : "|";
    for (const { operation } of buffer) {
      const { location, high } = operation;
      if (!live.has(locationBit(location)) && (high < 0 || !live.has(locationBit(high)))) continue;
      text += `${location}.${operation.shift}<${operation.operand} `;
    }
  }
  memory.overtaken.forEach((write, thread) => {
    const open = peekers.some((peeker) => peeker.thread === thread) || memory.buffers[thread]!.length > 0;
    if (write === undefined || (!open && !write.passed)) return;
    const { location, high, lowBefore, highBefore, passed } = write;
    if (!live.has(locationBit(location)) && (high < 0 || !live.has(locationBit(high)))) return;
    text += `o${thread}:${location}=${lowBefore},${high < 0 ? "" : highBefore}${passed ? "!" : ""}`;
  });
  return text;
}

/** What plain loads may still find besides the newest value, and what of it each thread has left behind. */
function historyKey(
  model: WeakMemory,
  memory: MemoryState,
  location: number,
  weak: number,
  peekers: readonly Peeker[],
  live: Footprint,
): string {
  const history = memory.histories[location];
  if (history === undefined) return "";
  const bit = locationBit(location);
  const last = history.length - 1;
  let base = last;
  for (const { thread, peeks } of peekers) {
    if (peeks.has(bit)) base = Math.min(base, memory.views[thread]![weak] ?? 0);
  }
  if (base === last) return "";
  let text = `~${location}:${history.slice(base).join()}/`;
  if (model.dependentLoads) text += JSON.stringify(memory.carried[location]?.slice(base));
  // Also of threads that do not look there any more: what they have seen goes on with what they release.
  for (const { thread } of peekers) text += `${Math.max(0, (memory.views[thread]![weak] ?? 0) - base)},`;
  text += `f${Math.max(0, (memory.fenceView[weak] ?? 0) - base)}`;
  for (let other = 0; other < memory.released.length; other++) {
    const released = memory.released[other]?.[weak] ?? 0;
    if (released > base && live.has(locationBit(other))) text += `r${other}:${released - base}`;
  }
  for (const { thread, loads, peeks } of peekers) {
    const { peeked, changes } = memory.late[thread]!;
    if (!peeked && !peeks.has(ANY_BIT)) continue;
    let number = 0;
    for (const change of changes) {
      if (!loads.has(locationBit(change.location))) continue;
      const released = change.released?.[weak] ?? 0;
      if (released > base) text += `l${thread}.${number}:${released - base}`;
      number++;
    }
  }
  return text;
}
