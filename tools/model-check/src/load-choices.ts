import { isOvertakenAt, settled, settledAt, touches, withView } from "./memory-state.ts";
import type { MemoryState, Overwritten } from "./memory-state.ts";
import { extract } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { join, raised } from "./view.ts";
import type { WeakMemory } from "./weak-memory.ts";

export interface LoadChoice {
  readonly result: number | bigint;
  /** It was replaced already, by a write that the writer's later plain stores have overtaken. */
  readonly replacedBy?: number;
  /** The oldest moment that explains it, as an index into the changes that the thread's plain loads may have missed. */
  since: number;
}

export interface PeekChoice {
  readonly result: number | bigint;
  lowIndex: number;
  /** Whether it is the newest value. */
  readonly fresh: boolean;
}

/** The results that a plain load may have, newest first, each with the oldest write that explains it. */
export function peekChoices(
  model: WeakMemory,
  memory: MemoryState,
  thread: number,
  operation: Operation,
): readonly PeekChoice[] {
  const { location, high } = operation;
  const newest = extract(
    operation,
    model.own(memory, thread, location),
    high < 0 ? 0 : model.own(memory, thread, high),
  );
  const choices: PeekChoice[] = [{ result: newest, lowIndex: model.last(memory, location), fresh: true }];
  if (
    memory.buffers[thread]!.some(
      (entry) => touches(entry.operation, location) || touches(entry.operation, high),
    )
  ) {
    return choices;
  }
  const history = memory.histories[location];
  if (history === undefined) return choices;
  const seen = memory.views[thread]![model.weak.get(location)!] ?? 0;
  for (let index = history.length - 1; index >= seen; index--) {
    // A 64-bit load does not tear on the platforms that we run on: both words come from the same write.
    const highHistory = high < 0 ? undefined : memory.histories[high];
    const highValue =
      high < 0 ? 0 : (highHistory?.[Math.min(index, highHistory.length - 1)] ?? model.latest(memory, high));
    const result = extract(operation, history[index]!, highValue);
    const known = choices.find((choice) => choice.result === result);
    if (known === undefined) choices.push({ result, lowIndex: index, fresh: false });
    else known.lowIndex = index;
  }
  return choices;
}

/** The memory after a plain load took the value of write number `index`. */
export function afterPeek(
  model: WeakMemory,
  memory: MemoryState,
  thread: number,
  operation: Operation,
  index: number,
): MemoryState {
  const { peeked, changes } = memory.late[thread]!;
  // No atomic load finds less of this word from now on.
  const left = changes.filter((change) => !touches(operation, change.location) || change.index >= index);
  const same = peeked && left.length === changes.length;
  const late = same ? memory : { ...memory, late: memory.late.with(thread, { peeked: true, changes: left }) };
  const next = index === model.last(memory, operation.location) ? settledAt(late, operation, thread) : late;
  if (memory.histories[operation.location] === undefined) return next;
  const view = raised(memory.views[thread]!, model.weak.get(operation.location)!, index);
  const carried = memory.carried[operation.location]?.[index];
  return withView(next, thread, carried === undefined ? view : join(view, carried));
}

/** The results that an atomic load may have, newest first: older ones where it overtook plain loads before it. */
export function loadChoices(
  model: WeakMemory,
  memory: MemoryState,
  thread: number,
  operation: Operation,
): readonly LoadChoice[] {
  const { location, high } = operation;
  const newest = extract(
    operation,
    model.own(memory, thread, location),
    high < 0 ? 0 : model.own(memory, thread, high),
  );
  const { peeked, changes } = memory.late[thread]!;
  const own = memory.buffers[thread]!.some(
    (entry) => touches(entry.operation, location) || touches(entry.operation, high),
  );
  const choices: LoadChoice[] = [{ result: newest, since: own ? 0 : changes.length }];
  for (let since = changes.length - 1; peeked && !own && since >= 0; since--) {
    if (isSecondWord(changes, since)) continue;
    if (isHalfSeen(changes, since, operation)) break;
    const low = valueAt(model, memory, changes, since, location);
    const result = extract(operation, low, high < 0 ? 0 : valueAt(model, memory, changes, since, high));
    const known = choices.find((choice) => choice.result === result);
    if (known === undefined) choices.push({ result, since });
    else known.since = since;
  }
  return own ? choices : [...choices, ...replacedValues(model, memory, thread, operation, choices)];
}

/** What others' last atomic writes replaced, where their later plain stores were seen first. */
function replacedValues(
  model: WeakMemory,
  memory: MemoryState,
  thread: number,
  operation: Operation,
  known: readonly LoadChoice[],
): readonly LoadChoice[] {
  const { location, high } = operation;
  return memory.overtaken.flatMap((write, other) => {
    if (write?.passed !== true || other === thread || !isOvertakenAt(memory, other, operation)) return [];
    const before = (word: number): number =>
      word === write.location
        ? write.lowBefore
        : word === write.high
          ? write.highBefore
          : model.latest(memory, word);
    const result = extract(operation, before(location), high < 0 ? 0 : before(high));
    return known.some((choice) => choice.result === result) ? [] : [{ result, since: 0, replacedBy: other }];
  });
}

/** The memory after an atomic load: of the newest value, or of an older one from before change number `since`. */
export function afterLoad(
  model: WeakMemory,
  memory: MemoryState,
  thread: number,
  operation: Operation,
  choice: LoadChoice,
): MemoryState {
  const last = (word: number): number => model.last(memory, word);
  const writer = choice.replacedBy;
  if (writer !== undefined) {
    // The write is still to come, and so are its thread's loads after it. It is the last one to these words: any other
    // would have made it visible.
    const { peeked, changes } = memory.late[thread]!;
    const left = changes.filter(
      (change, index) =>
        !touches(operation, change.location) ||
        changes.findLastIndex(({ location }) => location === change.location) === index,
    );
    const late = memory.late
      .with(writer, { ...memory.late[writer]!, changes: [] })
      .with(thread, { peeked, changes: left });
    return withSeen(model, settled({ ...memory, late }, thread), thread, operation, (word) => last(word) - 1);
  }
  const { peeked, changes } = memory.late[thread]!;
  const left = choice.since === 0 ? changes : changes.slice(choice.since);
  const shorter =
    left === changes ? memory : { ...memory, late: memory.late.with(thread, { peeked, changes: left }) };
  const { result } = model.atomic(memory, thread, operation);
  if (result === choice.result) return model.atomic(shorter, thread, operation).memory;
  const replaced = (word: number): Overwritten | undefined => left.find(({ location }) => location === word);
  const found = (word: number): number => replaced(word)?.index ?? last(word);
  // An old value brings what it was released with: its load is a real one, at an earlier moment.
  let view = memory.views[thread]!;
  for (const word of operation.high < 0 ? [operation.location] : [operation.location, operation.high]) {
    const old = replaced(word);
    const released = old === undefined ? memory.released[word] : old.released;
    if (released !== undefined) view = join(view, released);
  }
  return withSeen(model, withView(settled(shorter, thread), thread, view), thread, operation, found);
}

/** The thread sees nothing older of these words any more than what it has just found. */
function withSeen(
  model: WeakMemory,
  memory: MemoryState,
  thread: number,
  { location, high }: Operation,
  index: (word: number) => number,
): MemoryState {
  let view = memory.views[thread]!;
  for (const word of high < 0 ? [location] : [location, high]) {
    const weak = model.weak.get(word);
    if (weak !== undefined) view = raised(view, weak, Math.max(0, index(word)));
  }
  return withView(memory, thread, view);
}

/**
 * Whether the thread has seen the other word of the same 64-bit write, by a plain load of that word alone: a load of both
 * comes after the write then. Of each word the oldest changes are seen first.
 */
function isHalfSeen(changes: readonly Overwritten[], index: number, operation: Operation): boolean {
  const { location, pair } = changes[index]!;
  if (operation.high < 0 || pair < 0 || !touches(operation, location)) return false;
  return location !== pair || changes[index + 1]?.pair !== pair || !isSecondWord(changes, index + 1);
}

/** Whether it happened at once with the change before it: there was no moment between the two. */
function isSecondWord(changes: readonly Overwritten[], index: number): boolean {
  const { location, pair } = changes[index]!;
  return pair >= 0 && location !== pair && changes[index - 1]?.location === pair;
}

function valueAt(
  model: WeakMemory,
  memory: MemoryState,
  changes: readonly Overwritten[],
  since: number,
  location: number,
): number {
  for (let index = since; index < changes.length; index++) {
    if (changes[index]!.location === location) return changes[index]!.value;
  }
  return model.latest(memory, location);
}
