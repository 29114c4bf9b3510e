import { locationBit } from "./footprint.ts";
import type { LocationTable } from "./location-table.ts";
import {
  applied,
  carry,
  ON_TIME,
  ordered,
  overwrite,
  settled,
  settledAt,
  touches,
  withBit,
  withView,
} from "./memory-state.ts";
import type { Draft, MemoryState, OvertakenWrite } from "./memory-state.ts";
import { extract, insertHigh, insertLow, replacement } from "./operation.ts";
import type { Operation, StepResult } from "./operation.ts";
import { join, raised } from "./view.ts";
import type { View } from "./view.ts";

/**
 * The memory model: atomic accesses are sequentially consistent and carry what their thread has seen from a write to
 * the reads of it (release and acquire); fences join what all fences and atomic writes have made visible. A plain
 * store stays in its thread's buffer until it is flushed, in any order with other locations', at the latest before the
 * thread's next fence or atomic write; that is decided when somebody else comes to the location, which is the only time
 * at which it can be told. A plain load may find any value that is not older than what its thread has
 * synchronised with or has seen of that location already. And a plain load may be late: until the thread's next fence
 * or atomic write, what its atomic loads find may be as old as that plain load (a lock or a version that is read again
 * to validate plain loads needs a fence before it). And plain stores may overtake the atomic write before them: until the
 * thread's next fence or atomic access, others may see the stores and still find what the write replaced (to lock a
 * record against plain readers takes a fence after the lock).
 */
export class WeakMemory {
  readonly locations: LocationTable;
  /** Locations that some thread reads plainly, by their index in views; only those need a history. */
  readonly #weak = new Map<number, number>();
  readonly #loaded = new Set<number>();
  readonly dependentLoads: boolean;
  /** Set when a location turned out to be read plainly after states were made without its history. */
  invalidated = false;

  /** @param dependentLoads see `ScenarioOptions.dependentLoads` */
  constructor(locations: LocationTable, dependentLoads: boolean) {
    this.locations = locations;
    this.dependentLoads = dependentLoads;
  }

  notePlainRead(location: number): void {
    if (this.#weak.has(location)) return;
    this.#weak.set(location, this.#weak.size);
    this.invalidated = true;
  }

  /** The locations that are read plainly, with their indexes in views. */
  get weak(): ReadonlyMap<number, number> {
    return this.#weak;
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
      overtaken: nothing.map(() => undefined),
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
    const next = settledAt(draft, operation);
    const write = next.overtaken[thread];
    if (write === undefined || write.passed) return { memory: next, operation };
    const overtaken = next.overtaken.with(thread, { ...write, passed: true });
    return { memory: { ...next, overtaken }, operation };
  }

  /** Makes all of a thread's buffered stores visible, in their order. */
  flushAll(memory: MemoryState, thread: number): MemoryState {
    const entries = memory.buffers[thread]!;
    if (entries.length === 0) return memory;
    const draft = this.#draft(memory);
    for (const { operation } of entries) this.#writeInto(draft, thread, operation, operation.operand, false);
    draft.buffers = memory.buffers.with(thread, []);
    return entries.reduce<MemoryState>((next, { operation }) => settledAt(next, operation), draft);
  }

  /** An atomic access (or a wait's or a notify's look at its word): its result, and the memory after it. */
  atomic(
    memory: MemoryState,
    thread: number,
    operation: Operation,
  ): { result: StepResult; memory: MemoryState } {
    const { location, high, kind } = operation;
    const seen = settledAt(settled(memory, thread), operation);
    if (kind === "load" && memory.buffers[thread]!.length > 0) {
      const low = this.own(memory, thread, location);
      const highValue = high < 0 ? 0 : this.own(memory, thread, high);
      const buffered = memory.buffers[thread]!.some(
        (entry) => touches(entry.operation, location) || touches(entry.operation, high),
      );
      if (buffered) return { result: extract(operation, low, highValue), memory: settled(memory, thread) };
    }
    const old = this.#extractLatest(memory, operation);
    let next = this.#acquire(kind === "load" ? seen : ordered(seen, thread), thread, location);
    if (high >= 0) next = this.#acquire(next, thread, high);
    const value = replacement(operation, old);
    const unconditional = kind === "store" || kind === "exchange";
    if (value === old && !unconditional) return { result: old, memory: next };
    const write: OvertakenWrite = {
      location,
      high,
      lowBefore: this.latest(memory, location),
      highBefore: high < 0 ? 0 : this.latest(memory, high),
      passed: false,
    };
    next = this.#write(next, thread, operation, value, true);
    return { result: old, memory: { ...next, overtaken: next.overtaken.with(thread, write) } };
  }

  fence(memory: MemoryState, thread: number): MemoryState {
    const joined = join(memory.fenceView, memory.views[thread]!);
    const next = withView(settled(ordered(memory, thread), thread), thread, joined);
    return joined === memory.fenceView ? next : { ...next, fenceView: joined };
  }

  /** The thread learns of everything that is visible: it was started, or waited until something changed. */
  synchronise(memory: MemoryState, thread: number): MemoryState {
    const newest: number[] = [];
    for (const [location, weak] of this.#weak) newest[weak] = this.last(memory, location);
    const overtaken = memory.overtaken.map(() => undefined);
    return withView({ ...ordered(memory, thread), overtaken }, thread, join(memory.views[thread]!, newest));
  }

  #extractLatest(memory: MemoryState, operation: Operation): number | bigint {
    const { location, high } = operation;
    return extract(operation, this.latest(memory, location), high < 0 ? 0 : this.latest(memory, high));
  }

  /** The number of the newest write to a location. */
  last(memory: MemoryState, location: number): number {
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
      weak === undefined ? view : raised(view, weak, this.last(memory, location)),
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
    const low = { location, value: draft.values[location]!, released: draft.released[location] };
    const top =
      high < 0 ? undefined : { location: high, value: draft.values[high]!, released: draft.released[high] };
    draft.values[location] = insertLow(operation, draft.values[location]!, value);
    draft.written = withBit(draft.written, locationBit(location));
    this.#remember(draft, thread, location);
    if (high >= 0) {
      draft.values[high] = insertHigh(value);
      draft.written = withBit(draft.written, locationBit(high));
      this.#remember(draft, thread, high);
    }
    const loaded = this.#loaded.has(location);
    if (top === undefined || !this.#loaded.has(high)) {
      if (loaded) overwrite(draft, thread, { ...low, pair: -1 });
    } else {
      const both = loaded && draft.values[location] !== low.value && draft.values[high] !== top.value;
      const pair = both ? location : -1;
      if (loaded) overwrite(draft, thread, { ...low, pair });
      overwrite(draft, thread, { ...top, pair });
    }
    const view = atomic ? draft.views[thread]! : undefined;
    draft.released[location] = view;
    if (high >= 0) draft.released[high] = view;
    if (this.dependentLoads) carry(draft, operation, view);
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
