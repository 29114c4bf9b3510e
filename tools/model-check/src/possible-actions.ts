import { loadChoices, peekChoices } from "./load-choices.ts";
import type { Action, Flush, ModelState } from "./model-state.ts";
import type { ModelSystem } from "./model-system.ts";
import { writes } from "./operation.ts";
import type { Operation } from "./operation.ts";
import type { MemoryState } from "./memory-state.ts";

/** Everything that may happen next; while a spin runs out, only its own thread's steps. */
export function possibleActions(system: ModelSystem, state: ModelState): readonly Action[] {
  if (state.spinning !== undefined) return threadActions(system, state, state.spinning.thread);
  const actions = state.nodes.flatMap((_, thread) => threadActions(system, state, thread));
  return actions.length > 0 ? actions : drains(state);
}

/** What this thread may do next. */
export function threadActions(system: ModelSystem, state: ModelState, thread: number): readonly Action[] {
  const status = state.status[thread]!;
  if (status === "gone" || status === "dormant") return [];
  if (status === "starting") return [simple("start", thread)];
  const node = state.nodes[thread]!;
  const { operation } = node;
  if (system.model !== undefined && node.ended > state.precededBy[thread]!.length) {
    return [simple("return", thread)];
  }
  if (operation === undefined) return [];
  if (status === "waiting") return operation.operand === Infinity ? [] : [simple("time-out", thread)];
  switch (operation.kind) {
    case "poke":
      return [simple("step", thread)];
    case "peek":
      return peeks(system, state, thread, operation);
    case "load":
      return loads(system, state, thread, operation);
    case "pause": {
      if (state.spinning !== undefined || mayPass(system, state, thread)) return [simple("step", thread)];
      // A loop that was found to be endless waits for a change, and for nothing else while there may be one.
      return node.spinsForEver && othersMayMove(system, state, thread) ? [] : [simple("spin-out", thread)];
    }
    default:
      return flushChoices(state, thread, lookedAt(system, state, thread, operation)).map((flushes) => ({
        kind: "step",
        thread,
        choice: 0,
        flushes,
      }));
  }
}

/** Whether any other thread can do more than give up. */
export function othersMayMove(system: ModelSystem, state: ModelState, thread: number): boolean {
  return state.nodes.some(
    (_, other) =>
      other !== thread && threadActions(system, state, other).some(({ kind }) => kind !== "spin-out"),
  );
}

function simple(kind: Action["kind"], thread: number): Action {
  return { kind, thread, choice: 0, flushes: [] };
}

/** A paused thread goes on once something that its loop looks at has changed, or is about to. */
function mayPass(system: ModelSystem, state: ModelState, thread: number): boolean {
  const window = state.nodes[thread]!.window();
  if (state.changed[thread]! || window.size === 0) return true;
  return state.nodes.some(
    (_, other) =>
      other !== thread &&
      system.memory.bufferedLocations(state.memory, other).some((location) => window.has(location)),
  );
}

/** The locations at which others' buffered stores matter to this step: a fence or an atomic write flushes its own. */
function lookedAt(
  system: ModelSystem,
  state: ModelState,
  thread: number,
  operation: Operation,
): readonly number[] {
  const locations = [operation.location, operation.high].filter((location) => location >= 0);
  const releases = operation.kind === "fence" || writes(operation);
  return releases ? [...locations, ...system.memory.bufferedLocations(state.memory, thread)] : locations;
}

function peeks(
  system: ModelSystem,
  state: ModelState,
  thread: number,
  operation: Operation,
): readonly Action[] {
  const choices = peekChoices(system.memory, state.memory, thread, operation);
  const actions = choices.map((_, choice): Action => ({ kind: "step", thread, choice, flushes: [] }));
  // Where a buffered store becomes visible first, only its own value is new; one that changes nothing may as well stay.
  const known = new Set(choices.map(({ result }) => result));
  for (const flushes of flushChoices(state, thread, lookedAt(system, state, thread, operation))) {
    if (flushes.length === 0) continue;
    const [newest] = peekChoices(system.memory, flushed(system, state, flushes), thread, operation);
    if (!known.has(newest!.result)) actions.push({ kind: "step", thread, choice: 0, flushes });
  }
  return actions;
}

function loads(
  system: ModelSystem,
  state: ModelState,
  thread: number,
  operation: Operation,
): readonly Action[] {
  const choices = loadChoices(system.memory, state.memory, thread, operation);
  const actions = choices.map((_, choice): Action => ({ kind: "step", thread, choice, flushes: [] }));
  for (const flushes of flushChoices(state, thread, lookedAt(system, state, thread, operation))) {
    if (flushes.length === 0) continue;
    // What is replaced only now can be found as well: by a load that came earlier, and synchronises with nothing.
    const found = loadChoices(system.memory, flushed(system, state, flushes), thread, operation);
    found.forEach((_, choice) => actions.push({ kind: "step", thread, choice, flushes }));
  }
  return actions;
}

function flushed(system: ModelSystem, state: ModelState, flushes: readonly Flush[]): MemoryState {
  return flushes.reduce(
    (memory, { thread, location }) => system.memory.flushOldest(memory, thread, location).memory,
    state.memory,
  );
}

/**
 * Which buffered stores become visible before a step at these locations: of each location every sequence. The thread's
 * own ones matter only where others' race with them.
 */
function flushChoices(
  { memory }: ModelState,
  thread: number,
  locations: readonly number[],
): readonly (readonly Flush[])[] {
  if (memory.buffers.every((buffer, other) => other === thread || buffer.length === 0)) return NO_FLUSH;
  let choices = NO_FLUSH;
  for (const [location, counts] of bufferedAt(memory, locations)) {
    if (counts.every((count, other) => other === thread || count === 0)) continue;
    const sequences = flushSequences(location, counts);
    choices = choices.flatMap((choice) => sequences.map((sequence) => [...choice, ...sequence]));
  }
  return choices;
}

const NO_FLUSH: readonly (readonly Flush[])[] = [[]];

/** For each location that a buffered store goes to, and that is one of these, how many each thread has. */
function bufferedAt(memory: MemoryState, locations: readonly number[]): Map<number, number[]> {
  const found = new Map<number, number[]>();
  memory.buffers.forEach((buffer, thread) => {
    for (const { operation } of buffer) {
      if (!locations.includes(operation.location) && !locations.includes(operation.high)) continue;
      const counts = found.get(operation.location) ?? memory.buffers.map(() => 0);
      counts[thread]! += 1;
      found.set(operation.location, counts);
    }
  });
  return found;
}

/** All sequences of flushes at a location, the empty one first. */
function flushSequences(location: number, counts: readonly number[]): readonly (readonly Flush[])[] {
  const longer = counts.flatMap((count, thread) => {
    if (count === 0) return [];
    const rest = flushSequences(location, counts.with(thread, count - 1));
    return rest.map((sequence) => [{ thread, location }, ...sequence]);
  });
  return [[], ...longer];
}

/**
 * Nobody takes steps any more: what is buffered becomes visible. Where several threads' stores race for a location,
 * any of them may be the last.
 */
function drains({ memory }: ModelState): readonly Action[] {
  const waiting = memory.buffers.findIndex((buffer) => buffer.length > 0);
  if (waiting < 0) return [];
  let choices = NO_FLUSH;
  for (const [location, counts] of bufferedAt(
    memory,
    memory.buffers.flatMap((_, thread) => targets(memory, thread)),
  )) {
    const writers = counts.flatMap((count, thread) => (count > 0 ? [thread] : []));
    if (writers.length < 2) continue;
    const orders = writers.map((last) => [...writers.filter((writer) => writer !== last), last]);
    choices = choices.flatMap((choice) =>
      orders.map((order) => [
        ...choice,
        ...order.flatMap((thread) => Array<Flush>(counts[thread]!).fill({ thread, location })),
      ]),
    );
  }
  return choices.map((flushes) => ({ kind: "drain", thread: waiting, choice: 0, flushes }));
}

function targets(memory: MemoryState, thread: number): number[] {
  return memory.buffers[thread]!.map(({ operation }) => operation.location);
}
