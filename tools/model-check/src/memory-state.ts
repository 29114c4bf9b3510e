import { insertHigh, insertLow } from "./operation.ts";
import type { Operation } from "./operation.ts";
import type { View } from "./view.ts";

/** A plain store that its thread has made and that nobody else sees yet. */
interface BufferedStore {
  readonly operation: Operation;
}

/** One state of the model's memory. Immutable: each step makes the next. */
export interface MemoryState {
  /** The newest value of each location; those beyond its end are as at the start. */
  readonly values: readonly number[];
  /** The locations that have been stored to, buffered stores included, as a footprint's words. */
  readonly written: readonly number[];
  /** All values since the start, oldest first, of the locations that are read plainly. */
  readonly histories: readonly (readonly number[] | undefined)[];
  /** What each of those values carried, where plain loads that depend on it see that too. */
  readonly carried: readonly (readonly (View | undefined)[] | undefined)[];
  readonly views: readonly View[];
  /** What an atomic write made visible along with its value; none after a plain one. */
  readonly released: readonly (View | undefined)[];
  /** What all fences and atomic writes so far have made visible, to those who fence. */
  readonly fenceView: View;
  readonly buffers: readonly (readonly BufferedStore[])[];
  readonly late: readonly LateLoads[];
  /** For each thread its last atomic write, as long as its later plain stores may be visible before that one. */
  readonly overtaken: readonly (OvertakenWrite | undefined)[];
}

/** An atomic write that the thread's later plain stores may overtake, until its next fence or atomic access. */
export interface OvertakenWrite {
  readonly location: number;
  readonly high: number;
  /** What the words held before: what others' atomic loads may still find. */
  readonly lowBefore: number;
  readonly highBefore: number;
  /** One of those stores is visible already. Until then, finding the old value only means to have come earlier. */
  readonly passed: boolean;
}

/** Which older values a thread's next atomic load may find, because plain loads before it may be late. */
export interface LateLoads {
  /** Whether it has loaded plainly since its last fence or atomic write. */
  readonly peeked: boolean;
  /** The changes that others have made since the moment of its last atomic access. */
  readonly changes: readonly Overwritten[];
}

/** A change of a word, by what it held before. */
export interface Overwritten {
  readonly location: number;
  readonly value: number;
  /** The number of the write that the value was, where the location is read plainly. */
  readonly index: number;
  /** What that write made visible along with it. */
  readonly released: View | undefined;
  /** The low word of the 64-bit write that changed both of its words, which then stand side by side here; else -1. */
  readonly pair: number;
}

/** A state in the making: its values and releases are its own. */
export type Draft = { -readonly [Name in keyof MemoryState]: MemoryState[Name] } & {
  values: number[];
  released: (View | undefined)[];
};

export const ON_TIME: LateLoads = { peeked: false, changes: [] };

/** A fence or an atomic write: the thread's plain loads so far are over. */
export function ordered(memory: MemoryState, thread: number): MemoryState {
  return memory.late[thread] === ON_TIME ? memory : { ...memory, late: memory.late.with(thread, ON_TIME) };
}

/**
 * Notes a change of a word for the others, whose plain loads may turn out to be late; its own writer sees nothing older
 * of it any more.
 */
export function overwrite(
  draft: Draft,
  thread: number,
  { location, value, released, pair }: Omit<Overwritten, "index">,
): void {
  const index = (draft.histories[location]?.length ?? 1) - 2;
  for (let other = 0; other < draft.late.length; other++) {
    const { peeked, changes } = draft.late[other]!;
    if (other === thread) {
      const left = changes.filter((change) => change.location !== location);
      if (left.length < changes.length) draft.late = draft.late.with(other, { peeked, changes: left });
    } else if (draft.values[location] !== value) {
      const next = [...changes, { location, value, index, released, pair }];
      draft.late = draft.late.with(other, { peeked, changes: next });
    }
  }
}

/** The thread's last atomic write is visible to all. */
export function settled(memory: MemoryState, thread: number): MemoryState {
  return memory.overtaken[thread] === undefined
    ? memory
    : { ...memory, overtaken: memory.overtaken.with(thread, undefined) };
}

/**
 * Somebody has seen, or overwritten, these words: whatever wrote them last is visible to all.
 *
 * @param except a thread that has only seen its own write, which it does before all others
 */
export function settledAt(memory: MemoryState, operation: Operation, except = -1): MemoryState {
  let next = memory;
  for (let thread = 0; thread < memory.overtaken.length; thread++) {
    if (thread !== except && isOvertakenAt(next, thread, operation)) next = settled(next, thread);
  }
  return next;
}

export function isOvertakenAt({ overtaken }: MemoryState, thread: number, operation: Operation): boolean {
  const write = overtaken[thread];
  return write !== undefined && (touches(operation, write.location) || touches(operation, write.high));
}

export function touches(operation: Operation, location: number): boolean {
  return location >= 0 && (operation.location === location || operation.high === location);
}

/** The word's value after a buffered store to it, or unchanged. */
export function applied(operation: Operation, location: number, value: number): number {
  if (operation.location === location) return insertLow(operation, value, operation.operand);
  if (operation.high === location) return insertHigh(operation.operand);
  return value;
}

export function carry(draft: Draft, { location, high }: Operation, view: View | undefined): void {
  const carried = draft.carried.slice();
  for (const word of high >= 0 ? [location, high] : [location]) {
    const last = (draft.histories[word]?.length ?? 0) - 1;
    if (last < 0) continue;
    const before = carried[word] ?? [];
    carried[word] = [...before, ...Array.from({ length: last - before.length }, () => undefined), view];
  }
  draft.carried = carried;
}

export function withView(memory: MemoryState, thread: number, view: View): MemoryState {
  return memory.views[thread] === view ? memory : { ...memory, views: memory.views.with(thread, view) };
}

export function withBit(words: readonly number[], bit: number): readonly number[] {
  const word = words[bit >>> 5] ?? 0;
  const next = word | (1 << (bit & 31));
  if (next === word) return words;
  const copy = words.slice();
  while (copy.length <= bit >>> 5) copy.push(0);
  copy[bit >>> 5] = next;
  return copy;
}
