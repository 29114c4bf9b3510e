import { ANY_BIT, bitLocation, locationBit } from "./footprint.ts";
import type { Footprint } from "./footprint.ts";
import type { LocationTable } from "./location-table.ts";
import { extract, insertHigh, insertLow, replacement } from "./operation.ts";
import type { Operation, StepResult } from "./operation.ts";

/** For each location (by weak index) the oldest write that its holder may still read. */
type View = readonly number[];

/** A plain store that its thread has made and that nobody else sees yet. */
export interface BufferedStore {
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
interface LateLoads {
  /** Whether it has loaded plainly since its last fence or atomic write. */
  readonly peeked: boolean;
  /** The changes that others have made since the moment of its last atomic access. */
  readonly changes: readonly Overwritten[];
}

/** A change of a word, by what it held before. */
interface Overwritten {
  readonly location: number;
  readonly value: number;
}

/**
 * The memory model: atomic accesses are sequentially consistent and carry what their thread has seen from a write to
 * the reads of it (release and acquire); fences join what all fences and atomic writes have made visible. A plain
 * store stays in its thread's buffer until it is flushed, in any order with other locations', at the latest before the
 * thread's next fence or atomic write; that is decided when somebody else comes to the location, which is the only time
 * at which it can be told. A plain load may find any value that is not older than what its thread has
 * synchronised with or has seen of that location already. And a plain load may be late: until the thread's next fence
 * or atomic write, what its atomic loads find may be as old as that plain load (a lock or a version that is read again
 * to validate plain loads needs a fence before it).
 */
export class WeakMemory {
  readonly locations: LocationTable;
  /** Locations that some thread reads plainly, by their index in views; only those need a history. */
  readonly #weak = new Map<number, number>();
  readonly #loaded = new Set<number>();
  readonly #dependentLoads: boolean;
  /** Set when a location turned out to be read plainly after states were made without its history. */
  invalidated = false;

  /** @param dependentLoads see `ScenarioOptions.dependentLoads` */
  constructor(locations: LocationTable, dependentLoads: boolean) {
    this.locations = locations;
    this.#dependentLoads = dependentLoads;
  }

  notePlainRead(location: number): void {
    if (this.#weak.has(location)) return;
    this.#weak.set(location, this.#weak.size);
    this.invalidated = true;
  }

  /** An atomic load's location: only those can show that plain loads were late. */
  noteLoad(location: number): void {
    if (this.#loaded.has(location)) return;
    this.#loaded.add(location);
    this.invalidated = true;
  }

  initial(threads: number): MemoryState {
    const nothing = Array.from({ length: threads }, () => []);
    const fenceView: View = [];
    return {
      values: [],
      written: [],
      histories: [],
      carried: [],
      views: nothing,
      released: [],
      fenceView,
      buffers: nothing,
      late: nothing.map(() => ON_TIME),
    };
  }

  /** The newest value, as everybody else sees it. */
  latest(memory: MemoryState, location: number): number {
    return memory.values[location] ?? this.locations.initial[location]!;
  }

  /** What the thread itself would read now if it ran alone. */
  own(memory: MemoryState, thread: number, location: number): number {
    let value = this.latest(memory, location);
    for (const { operation } of memory.buffers[thread]!) value = applied(operation, location, value);
    return value;
  }

  /** The results that a plain load may have, newest first, each with the oldest write that explains it. */
  peekChoices(memory: MemoryState, thread: number, operation: Operation): readonly PeekChoice[] {
    const { location, high } = operation;
    const newest = extract(
      operation,
      this.own(memory, thread, location),
      high < 0 ? 0 : this.own(memory, thread, high),
    );
    const choices: PeekChoice[] = [{ result: newest, lowIndex: this.#last(memory, location), fresh: true }];
    if (
      memory.buffers[thread]!.some(
        (entry) => touches(entry.operation, location) || touches(entry.operation, high),
      )
    ) {
      return choices;
    }
    const history = memory.histories[location];
    if (history === undefined) return choices;
    const seen = memory.views[thread]![this.#weak.get(location)!] ?? 0;
    for (let index = history.length - 1; index >= seen; index--) {
      // A 64-bit load does not tear on the platforms that we run on: both words come from the same write.
      const highHistory = high < 0 ? undefined : memory.histories[high];
      const highValue =
        high < 0 ? 0 : (highHistory?.[Math.min(index, highHistory.length - 1)] ?? this.latest(memory, high));
      const result = extract(operation, history[index]!, highValue);
      const known = choices.find((choice) => choice.result === result);
      if (known === undefined) choices.push({ result, lowIndex: index, fresh: false });
      else known.lowIndex = index;
    }
    return choices;
  }

  /** The memory after a plain load took the value of write number `index`. */
  afterPeek(memory: MemoryState, thread: number, operation: Operation, index: number): MemoryState {
    const { peeked, changes } = memory.late[thread]!;
    const next = peeked ? memory : { ...memory, late: memory.late.with(thread, { peeked: true, changes }) };
    if (memory.histories[operation.location] === undefined) return next;
    const view = raised(memory.views[thread]!, this.#weak.get(operation.location)!, index);
    const carried = memory.carried[operation.location]?.[index];
    return withView(next, thread, carried === undefined ? view : join(view, carried));
  }

  /** The results that an atomic load may have, newest first: older ones where it overtook plain loads before it. */
  loadChoices(memory: MemoryState, thread: number, operation: Operation): readonly LoadChoice[] {
    const { location, high } = operation;
    const newest = extract(
      operation,
      this.own(memory, thread, location),
      high < 0 ? 0 : this.own(memory, thread, high),
    );
    const { peeked, changes } = memory.late[thread]!;
    const own = memory.buffers[thread]!.some(
      (entry) => touches(entry.operation, location) || touches(entry.operation, high),
    );
    const choices: LoadChoice[] = [{ result: newest, since: changes.length }];
    for (let since = changes.length - 1; peeked && !own && since >= 0; since--) {
      const low = this.#valueAt(memory, changes, since, location);
      const result = extract(operation, low, high < 0 ? 0 : this.#valueAt(memory, changes, since, high));
      const known = choices.find((choice) => choice.result === result);
      if (known === undefined) choices.push({ result, since });
      else known.since = since;
    }
    return choices;
  }

  /** The memory after an atomic load: of the newest value, or of an older one from before change number `since`. */
  afterLoad(memory: MemoryState, thread: number, operation: Operation, choice: LoadChoice): MemoryState {
    const { peeked, changes } = memory.late[thread]!;
    const left = choice.since === 0 ? changes : changes.slice(choice.since);
    const shorter =
      left === changes ? memory : { ...memory, late: memory.late.with(thread, { peeked, changes: left }) };
    const { result } = this.atomic(memory, thread, operation);
    return result === choice.result ? this.atomic(shorter, thread, operation).memory : shorter;
  }

  #valueAt(memory: MemoryState, changes: readonly Overwritten[], since: number, location: number): number {
    for (let index = since; index < changes.length; index++) {
      if (changes[index]!.location === location) return changes[index]!.value;
    }
    return this.latest(memory, location);
  }

  buffer(memory: MemoryState, thread: number, operation: Operation): MemoryState {
    const buffers = memory.buffers.slice();
    buffers[thread] = [...buffers[thread]!, { operation }];
    let written = withBit(memory.written, locationBit(operation.location));
    if (operation.high >= 0) written = withBit(written, locationBit(operation.high));
    return { ...memory, buffers, written };
  }

  /** How many of a thread's buffered stores are to this location. */
  buffered(memory: MemoryState, thread: number, location: number): number {
    return memory.buffers[thread]!.filter(({ operation }) => touches(operation, location)).length;
  }

  /** The locations that a thread has buffered stores to. */
  bufferedLocations(memory: MemoryState, thread: number): readonly number[] {
    const locations = new Set<number>();
    for (const { operation } of memory.buffers[thread]!) {
      locations.add(operation.location);
      if (operation.high >= 0) locations.add(operation.high);
    }
    return [...locations];
  }

  /** Makes the oldest of a thread's buffered stores to `location` visible. */
  flushOldest(
    memory: MemoryState,
    thread: number,
    location: number,
  ): { memory: MemoryState; operation: Operation } {
    const entries = memory.buffers[thread]!;
    const index = entries.findIndex(({ operation }) => touches(operation, location));
    const { operation } = entries[index]!;
    const draft = this.#draft(memory);
    this.#writeInto(draft, thread, operation, operation.operand, false);
    draft.buffers = memory.buffers.with(thread, entries.toSpliced(index, 1));
    return { memory: draft, operation };
  }

  /** Makes all of a thread's buffered stores visible, in their order. */
  flushAll(memory: MemoryState, thread: number): MemoryState {
    const entries = memory.buffers[thread]!;
    if (entries.length === 0) return memory;
    const draft = this.#draft(memory);
    for (const { operation } of entries) this.#writeInto(draft, thread, operation, operation.operand, false);
    draft.buffers = memory.buffers.with(thread, []);
    return draft;
  }

  /** An atomic access (or a wait's or a notify's look at its word): its result, and the memory after it. */
  atomic(
    memory: MemoryState,
    thread: number,
    operation: Operation,
  ): { result: StepResult; memory: MemoryState } {
    const { location, high, kind } = operation;
    if (kind === "load" && memory.buffers[thread]!.length > 0) {
      const low = this.own(memory, thread, location);
      const highValue = high < 0 ? 0 : this.own(memory, thread, high);
      const buffered = memory.buffers[thread]!.some(
        (entry) => touches(entry.operation, location) || touches(entry.operation, high),
      );
      if (buffered) return { result: extract(operation, low, highValue), memory };
    }
    const old = this.#extractLatest(memory, operation);
    let next = this.#acquire(kind === "load" ? memory : ordered(memory, thread), thread, location);
    if (high >= 0) next = this.#acquire(next, thread, high);
    const value = replacement(operation, old);
    const unconditional = kind === "store" || kind === "exchange";
    if (value !== old || unconditional) next = this.#write(next, thread, operation, value, true);
    return { result: old, memory: next };
  }

  fence(memory: MemoryState, thread: number): MemoryState {
    const joined = join(memory.fenceView, memory.views[thread]!);
    const next = withView(ordered(memory, thread), thread, joined);
    return joined === memory.fenceView ? next : { ...next, fenceView: joined };
  }

  /** The thread learns of everything that is visible: it was started, or waited until something changed. */
  synchronise(memory: MemoryState, thread: number): MemoryState {
    const newest: number[] = [];
    for (const [location, weak] of this.#weak) newest[weak] = this.#last(memory, location);
    return withView(ordered(memory, thread), thread, join(memory.views[thread]!, newest));
  }

  /**
   * A text that is equal for two states only if no continuation can tell them apart.
   *
   * @param live the locations that anybody may still read
   * @param peekers the threads that still take steps, with the locations that each may still read plainly
   */
  key(memory: MemoryState, live: Footprint, peekers: readonly Peeker[]): string {
    let text = "";
    for (const { thread, loads, peeks } of peekers) {
      const { peeked, changes } = memory.late[thread]!;
      if (!peeked && !peeks.has(ANY_BIT)) continue;
      for (const { location, value } of changes) {
        if (loads.has(locationBit(location))) text += `${thread}?${location}:${value} `;
      }
    }
    for (let word = 0; word < memory.written.length; word++) {
      for (let bits = memory.written[word]! & (live.words[word] ?? 0); bits !== 0; bits &= bits - 1) {
        const location = bitLocation((word << 5) + 31 - Math.clz32(bits & -bits));
        const value = memory.values[location];
        if (value !== undefined && value !== this.locations.initial[location])
          text += `${location}=${value} `;
      }
    }
    for (const [location, weak] of this.#weak)
      text += this.#historyKey(memory, location, weak, peekers, live);
    for (const buffer of memory.buffers) {
      // That something is still on its way tells a state before its end from the end itself.
      text += buffer.length > 0 ? "|+" : "|";
      for (const { operation } of buffer) {
        const { location, high } = operation;
        if (!live.has(locationBit(location)) && (high < 0 || !live.has(locationBit(high)))) continue;
        text += `${location}.${operation.shift}<${operation.operand} `;
      }
    }
    return text;
  }

  /** What plain loads may still find besides the newest value, and what of it each thread has left behind. */
  #historyKey(
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
    if (this.#dependentLoads) text += JSON.stringify(memory.carried[location]?.slice(base));
    for (const { thread, peeks } of peekers) {
      text += peeks.has(bit) ? `${(memory.views[thread]![weak] ?? 0) - base},` : "-,";
    }
    text += `f${Math.max(0, (memory.fenceView[weak] ?? 0) - base)}`;
    for (let other = 0; other < memory.released.length; other++) {
      const released = memory.released[other]?.[weak] ?? 0;
      if (released > base && live.has(locationBit(other))) text += `r${other}:${released - base}`;
    }
    return text;
  }

  #extractLatest(memory: MemoryState, operation: Operation): number | bigint {
    const { location, high } = operation;
    return extract(operation, this.latest(memory, location), high < 0 ? 0 : this.latest(memory, high));
  }

  #last(memory: MemoryState, location: number): number {
    return (memory.histories[location]?.length ?? 1) - 1;
  }

  #acquire(memory: MemoryState, thread: number, location: number): MemoryState {
    const weak = this.#weak.get(location);
    const released = memory.released[location];
    if (released === undefined && weak === undefined) return memory;
    const before = memory.views[thread]!;
    const view = released === undefined ? before : join(before, released);
    return withView(
      memory,
      thread,
      weak === undefined ? view : raised(view, weak, this.#last(memory, location)),
    );
  }

  #write(
    memory: MemoryState,
    thread: number,
    operation: Operation,
    value: number | bigint,
    atomic: boolean,
  ): MemoryState {
    const draft = this.#draft(memory);
    this.#writeInto(draft, thread, operation, value, atomic);
    return draft;
  }

  /** A copy whose values and releases may be changed in place; they are long enough, and have no holes. */
  #draft(memory: MemoryState): Draft {
    const values = memory.values.slice();
    const released = memory.released.slice();
    while (values.length < this.locations.size) values.push(this.locations.initial[values.length]!);
    while (released.length < values.length) released.push(undefined);
    return { ...memory, values, released };
  }

  #writeInto(
    draft: Draft,
    thread: number,
    operation: Operation,
    value: number | bigint,
    atomic: boolean,
  ): void {
    const { location, high } = operation;
    const before = { low: draft.values[location]!, high: high < 0 ? 0 : draft.values[high]! };
    draft.values[location] = insertLow(operation, draft.values[location]!, value);
    draft.written = withBit(draft.written, locationBit(location));
    this.#remember(draft, thread, location);
    if (high >= 0) {
      draft.values[high] = insertHigh(value);
      draft.written = withBit(draft.written, locationBit(high));
      this.#remember(draft, thread, high);
    }
    if (this.#loaded.has(location)) overwrite(draft, thread, location, before.low);
    if (this.#loaded.has(high)) overwrite(draft, thread, high, before.high);
    const view = atomic ? draft.views[thread]! : undefined;
    draft.released[location] = view;
    if (high >= 0) draft.released[high] = view;
    if (this.#dependentLoads) carry(draft, operation, view);
    if (view !== undefined) draft.fenceView = join(draft.fenceView, view);
  }

  /** Keeps the word's new value beside the older ones that plain loads may find, and shows it to its writer. */
  #remember(draft: Draft, thread: number, location: number): void {
    const weak = this.#weak.get(location);
    if (weak === undefined) return;
    const history = [
      ...(draft.histories[location] ?? [this.locations.initial[location]!]),
      draft.values[location]!,
    ];
    const histories = draft.histories.slice();
    histories[location] = history;
    draft.histories = histories;
    draft.views = draft.views.with(thread, raised(draft.views[thread]!, weak, history.length - 1));
  }
}

type Draft = { -readonly [Name in keyof MemoryState]: MemoryState[Name] } & {
  values: number[];
  released: (View | undefined)[];
};

/** A thread that still takes steps, with the locations that it may still load, atomically and plainly. */
export interface Peeker {
  readonly thread: number;
  readonly loads: Footprint;
  readonly peeks: Footprint;
}

export interface LoadChoice {
  readonly result: number | bigint;
  /** The oldest moment that explains it, as an index into the changes that the thread's plain loads may have missed. */
  since: number;
}

export interface PeekChoice {
  readonly result: number | bigint;
  lowIndex: number;
  /** Whether it is the newest value. */
  readonly fresh: boolean;
}

const ON_TIME: LateLoads = { peeked: false, changes: [] };

/** A fence or an atomic write: the thread's plain loads so far are over. */
function ordered(memory: MemoryState, thread: number): MemoryState {
  return memory.late[thread] === ON_TIME ? memory : { ...memory, late: memory.late.with(thread, ON_TIME) };
}

/** Notes a change of a word for the others, whose plain loads may turn out to be late. */
function overwrite(draft: Draft, thread: number, location: number, before: number): void {
  if (draft.values[location] === before) return;
  for (let other = 0; other < draft.late.length; other++) {
    if (other === thread) continue;
    const { peeked, changes } = draft.late[other]!;
    draft.late = draft.late.with(other, { peeked, changes: [...changes, { location, value: before }] });
  }
}

function touches(operation: Operation, location: number): boolean {
  return location >= 0 && (operation.location === location || operation.high === location);
}

/** The word's value after a buffered store to it, or unchanged. */
function applied(operation: Operation, location: number, value: number): number {
  if (operation.location === location) return insertLow(operation, value, operation.operand);
  if (operation.high === location) return insertHigh(operation.operand);
  return value;
}

function raised(view: View, weak: number, index: number): View {
  if ((view[weak] ?? 0) >= index) return view;
  const next = view.slice();
  while (next.length <= weak) next.push(0);
  next[weak] = index;
  return next;
}

/** The later of both for each location; one of the two itself where it has it all. */
function join(one: View, other: View): View {
  if (covers(one, other)) return one;
  if (covers(other, one)) return other;
  const joined: number[] = [];
  for (let weak = 0; weak < Math.max(one.length, other.length); weak++) {
    joined.push(Math.max(one[weak] ?? 0, other[weak] ?? 0));
  }
  return joined;
}

function covers(one: View, other: View): boolean {
  if (one === other) return true;
  for (let weak = 0; weak < other.length; weak++) if ((one[weak] ?? 0) < other[weak]!) return false;
  return true;
}

function carry(draft: Draft, { location, high }: Operation, view: View | undefined): void {
  const carried = draft.carried.slice();
  for (const word of high >= 0 ? [location, high] : [location]) {
    const last = (draft.histories[word]?.length ?? 0) - 1;
    if (last < 0) continue;
    const before = carried[word] ?? [];
    carried[word] = [...before, ...Array.from({ length: last - before.length }, () => undefined), view];
  }
  draft.carried = carried;
}

function withView(memory: MemoryState, thread: number, view: View): MemoryState {
  return memory.views[thread] === view ? memory : { ...memory, views: memory.views.with(thread, view) };
}

function withBit(words: readonly number[], bit: number): readonly number[] {
  const word = words[bit >>> 5] ?? 0;
  const next = word | (1 << (bit & 31));
  if (next === word) return words;
  const copy = words.slice();
  while (copy.length <= bit >>> 5) copy.push(0);
  copy[bit >>> 5] = next;
  return copy;
}
