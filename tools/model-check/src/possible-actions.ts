import type { Action, Flush, ModelState } from "./model-state.ts";
import type { ModelSystem } from "./model-system.ts";
import { writes } from "./operation.ts";
import type { Operation } from "./operation.ts";
import type { BufferedStore, MemoryState } from "./weak-memory.ts";

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
  const node = state.nodes[thread]!;
  const { operation } = node;
  if (system.scenario.model !== undefined && node.ended > state.precededBy[thread]!.length) {
    return [simple("return", thread)];
  }
  if (operation === undefined) return [];
  if (status === "waiting") return operation.operand === Infinity ? [] : [simple("time-out", thread)];
  switch (operation.kind) {
    case "poke":
      return [simple("step", thread)];
    case "peek":
      return peeks(system, state, thread, operation);
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
  const choices = system.memory.peekChoices(state.memory, thread, operation);
  const actions = choices.map((_, choice): Action => ({ kind: "step", thread, choice, flushes: [] }));
  // Where a buffered store becomes visible first, only its own value is new; one that changes nothing may as well stay.
  const known = new Set(choices.map(({ result }) => result));
  for (const flushes of flushChoices(state, thread, lookedAt(system, state, thread, operation))) {
    if (flushes.length === 0) continue;
    const [newest] = system.memory.peekChoices(flushed(system, state, flushes), thread, operation);
    if (!known.has(newest!.result)) actions.push({ kind: "step", thread, choice: 0, flushes });
  }
  return actions;
}

function flushed(system: ModelSystem, state: ModelState, flushes: readonly Flush[]): MemoryState {
  return flushes.reduce(
    (memory, { thread, location }) => system.memory.flushOldest(memory, thread, location).memory,
    state.memory,
  );
}

/** Which of the others' buffered stores become visible now: of each thread and location none, one, two, … */
function flushChoices(
  state: ModelState,
  thread: number,
  locations: readonly number[],
): readonly (readonly Flush[])[] {
  let choices: readonly (readonly Flush[])[] = [[]];
  for (let other = 0; other < state.nodes.length; other++) {
    if (other === thread || state.memory.buffers[other]!.length === 0) continue;
    for (const [location, count] of countedByLocation(state.memory.buffers[other]!, locations)) {
      const flush: Flush = { thread: other, location };
      choices = choices.flatMap((choice) =>
        Array.from({ length: count + 1 }, (_, times) => [...choice, ...Array<Flush>(times).fill(flush)]),
      );
    }
  }
  return choices;
}

function countedByLocation(
  entries: readonly BufferedStore[],
  locations: readonly number[],
): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { operation } of entries) {
    if (!locations.includes(operation.location) && !locations.includes(operation.high)) continue;
    counts.set(operation.location, (counts.get(operation.location) ?? 0) + 1);
  }
  return counts;
}

/** Nobody takes steps any more: what is buffered becomes visible, in either order where two threads' stores race. */
function drains({ memory }: ModelState): readonly Action[] {
  const waiting = memory.buffers.flatMap((buffer, thread) =>
    buffer.length > 0 ? [simple("drain", thread)] : [],
  );
  const locations = waiting.map(
    ({ thread }) => new Set(memory.buffers[thread]!.map(({ operation }) => operation.location)),
  );
  const races = locations.some((one, index) =>
    locations.slice(index + 1).some((other) => [...one].some((location) => other.has(location))),
  );
  return races ? waiting : waiting.slice(0, 1);
}
