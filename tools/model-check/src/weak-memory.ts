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
  /** The newest value of each location; undefined: as at the start. */
  readonly values: readonly (number | undefined)[];
  /** All values since the start, oldest first, of the locations that are read plainly. */
  readonly histories: readonly (readonly number[] | undefined)[];
  readonly views: readonly View[];
  /** What an atomic write made visible along with its value; none after a plain one. */
  readonly released: readonly (View | undefined)[];
  /** What all fences and atomic writes so far have made visible, to those who fence. */
  readonly fenceView: View;
  readonly buffers: readonly (readonly BufferedStore[])[];
}

/**
 * The memory model: atomic accesses are sequentially consistent and carry what their thread has seen from a write to
 * the reads of it (release and acquire); fences join what all fences and atomic writes have made visible. A plain
 * store stays in its thread's buffer until it is flushed, in any order with other locations', at the latest before the
 * thread's next fence or atomic write; that is decided when somebody else comes to the location, which is the only time
 * at which it can be told. A plain load may find any value that is not older than what its thread has
 * synchronised with or has seen of that location already.
 */
export class WeakMemory {
  readonly locations: LocationTable;
  /** Locations that some thread reads plainly, by their index in views; only those need a history. */
  readonly #weak = new Map<number, number>();
  /** Set when a location turned out to be read plainly after states were made without its history. */
  invalidated = false;

  constructor(locations: LocationTable) {
    this.locations = locations;
  }

  notePlainRead(location: number): void {
    if (this.#weak.has(location)) return;
    this.#weak.set(location, this.#weak.size);
    this.invalidated = true;
  }

  initial(threads: number): MemoryState {
    const nothing = Array.from({ length: threads }, () => []);
    return { values: [], histories: [], views: nothing, released: [], fenceView: [], buffers: nothing };
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
    if (memory.histories[operation.location] === undefined) return memory;
    const views = [...memory.views];
    views[thread] = raised(views[thread]!, this.#weak.get(operation.location)!, index);
    return { ...memory, views };
  }

  buffer(memory: MemoryState, thread: number, operation: Operation): MemoryState {
    const buffers = [...memory.buffers];
    buffers[thread] = [...buffers[thread]!, { operation }];
    return { ...memory, buffers };
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

  /** Makes the oldest of a thread's buffered stores visible, or the oldest of them to `location`. */
  flushOldest(
    memory: MemoryState,
    thread: number,
    location?: number,
  ): { memory: MemoryState; operation: Operation } {
    const entries = memory.buffers[thread]!;
    const index = entries.findIndex(
      ({ operation }) => location === undefined || touches(operation, location),
    );
    const { operation } = entries[index]!;
    const buffers = memory.buffers.with(thread, entries.toSpliced(index, 1));
    const old = this.#extractLatest(memory, operation);
    const flushed = this.#write(
      { ...memory, buffers },
      thread,
      operation,
      replacement(operation, old),
      false,
    );
    return { memory: flushed, operation };
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
    let next = this.#acquire(memory, thread, location);
    if (high >= 0) next = this.#acquire(next, thread, high);
    const value = replacement(operation, old);
    const unconditional = kind === "store" || kind === "exchange";
    if (value !== old || unconditional) next = this.#write(next, thread, operation, value, true);
    return { result: old, memory: next };
  }

  fence(memory: MemoryState, thread: number): MemoryState {
    const joined = join(memory.fenceView, memory.views[thread]!);
    const views = [...memory.views];
    views[thread] = joined;
    return { ...memory, views, fenceView: joined };
  }

  /** The thread learns of everything that is visible: it was started, or waited until something changed. */
  synchronise(memory: MemoryState, thread: number): MemoryState {
    const newest: number[] = [];
    for (const [location, weak] of this.#weak) newest[weak] = this.#last(memory, location);
    const views = [...memory.views];
    views[thread] = newest;
    return { ...memory, views };
  }

  /** A text that is equal for two states exactly if no continuation can tell them apart. */
  key(memory: MemoryState, watching: readonly number[]): string {
    let text = "";
    for (let location = 0; location < this.locations.size; location++) {
      const value = memory.values[location];
      if (value !== undefined && value !== this.locations.initial[location]) text += `${location}=${value} `;
    }
    for (const [location, weak] of this.#weak) {
      const history = memory.histories[location];
      if (history === undefined) continue;
      const last = history.length - 1;
      let base = last;
      for (const thread of watching) base = Math.min(base, memory.views[thread]![weak] ?? 0);
      if (base === last) continue;
      text += `~${location}:${history.slice(base).join()}/`;
      for (const thread of watching) text += `${(memory.views[thread]![weak] ?? 0) - base},`;
      text += `f${Math.max(0, (memory.fenceView[weak] ?? 0) - base)}`;
      for (let other = 0; other < memory.released.length; other++) {
        const released = memory.released[other]?.[weak] ?? 0;
        if (released > base) text += `r${other}:${released - base}`;
      }
    }
    for (const buffer of memory.buffers) {
      text += "|";
      for (const { operation } of buffer)
        text += `${operation.location}.${operation.shift}<${operation.operand} `;
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
    const views = [...memory.views];
    let view = released === undefined ? views[thread]! : join(views[thread]!, released);
    if (weak !== undefined) view = raised(view, weak, this.#last(memory, location));
    views[thread] = view;
    return { ...memory, views };
  }

  #write(
    memory: MemoryState,
    thread: number,
    operation: Operation,
    value: number | bigint,
    atomic: boolean,
  ): MemoryState {
    const low = insertLow(operation, this.latest(memory, operation.location), value);
    let next = this.#writeWord(memory, thread, operation.location, low);
    if (operation.high >= 0) next = this.#writeWord(next, thread, operation.high, insertHigh(value));
    if (!atomic) return next;
    const released = [...next.released];
    released[operation.location] = next.views[thread]!;
    if (operation.high >= 0) released[operation.high] = next.views[thread]!;
    return { ...next, released, fenceView: join(next.fenceView, next.views[thread]!) };
  }

  #writeWord(memory: MemoryState, thread: number, location: number, value: number): MemoryState {
    const values = [...memory.values];
    values[location] = value;
    const released = [...memory.released];
    released[location] = undefined;
    const weak = this.#weak.get(location);
    if (weak === undefined) return { ...memory, values, released };
    const histories = [...memory.histories];
    const history = [...(histories[location] ?? [this.locations.initial[location]!]), value];
    histories[location] = history;
    const views = [...memory.views];
    views[thread] = raised(views[thread]!, weak, history.length - 1);
    return { ...memory, values, released, histories, views };
  }
}

export interface PeekChoice {
  readonly result: number | bigint;
  lowIndex: number;
  /** Whether it is the newest value. */
  readonly fresh: boolean;
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
  const next = [...view];
  while (next.length < weak) next.push(0);
  next[weak] = index;
  return next;
}

function join(one: View, other: View): View {
  const joined: number[] = [];
  for (let weak = 0; weak < Math.max(one.length, other.length); weak++) {
    joined.push(Math.max(one[weak] ?? 0, other[weak] ?? 0));
  }
  return joined;
}
