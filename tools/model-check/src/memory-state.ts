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

/** Notes a change of a word for the others, whose plain loads may turn out to be late. */
export function overwrite(draft: Draft, thread: number, location: number, before: number): void {
  if (draft.values[location] === before) return;
  for (let other = 0; other < draft.late.length; other++) {
    if (other === thread) continue;
    const { peeked, changes } = draft.late[other]!;
    draft.late = draft.late.with(other, { peeked, changes: [...changes, { location, value: before }] });
  }
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
