import { PAUSE_BIT } from "./footprint.ts";
import type { HistoryNode } from "./history-node.ts";
import type { Action, ModelState, TraceStep } from "./model-state.ts";
import type { ModelSystem } from "./model-system.ts";
import type { Operation, StepResult } from "./operation.ts";

/** Wakes the spin loops that look at a word which has just got another value. */
export function noteChanges(
  system: ModelSystem,
  state: ModelState,
  thread: number,
  memory: ModelState["memory"],
  { location, high }: Operation,
): readonly boolean[] {
  const differs = (word: number): boolean =>
    word >= 0 && system.memory.latest(memory, word) !== system.memory.latest(state.memory, word);
  if (!differs(location) && !differs(high)) return state.changed;
  const wakes = (other: number): boolean => {
    const node = state.nodes[other]!;
    if (other === thread || state.changed[other]!) return false;
    const history = system.historyOf(state, other);
    const known = history.recordsFootprints ? node : history.root;
    if (!known.futureReads.has(PAUSE_BIT)) {
      known.reliedReads.add(PAUSE_BIT);
      return false;
    }
    return node.window().has(location) || node.window().has(high);
  };
  let { changed } = state;
  for (let other = 0; other < changed.length; other++) if (wakes(other)) changed = changed.with(other, true);
  return changed;
}

export function advance(
  system: ModelSystem,
  state: ModelState,
  action: Action,
  node: HistoryNode,
  result: StepResult,
  stale: boolean,
): ModelState {
  const { thread } = action;
  const after = system.historyOf(state, thread).advance(node, result, () => system.soloRun(state, thread));
  return leaveSpin({ ...traced(state, action, node, result, stale), nodes: state.nodes.with(thread, after) });
}

export function traced(
  state: ModelState,
  { thread, kind }: Action,
  node: HistoryNode,
  result: StepResult,
  stale: boolean,
): ModelState {
  const operation = kind === "return" ? undefined : node.operation;
  return { ...state, trace: traceStep(state, thread, kind, node, operation, result, stale) };
}

export function traceStep(
  { trace, spinning }: ModelState,
  thread: number,
  action: TraceStep["action"],
  node: HistoryNode,
  operation: Operation | undefined,
  result: StepResult,
  stale: boolean,
): TraceStep {
  return {
    previous: trace,
    thread,
    action,
    node,
    operation,
    result,
    stale,
    spinning: spinning !== undefined,
  };
}

export function flushAll(system: ModelSystem, state: ModelState, thread: number): ModelState {
  const entries = state.memory.buffers[thread]!;
  if (entries.length === 0) return state;
  const memory = system.memory.flushAll(state.memory, thread);
  let { changed, trace } = state;
  for (const { operation } of entries) {
    changed = noteChanges(system, { ...state, changed }, thread, memory, operation);
    trace = traceStep(
      { ...state, trace },
      thread,
      "flush",
      state.nodes[thread]!,
      operation,
      undefined,
      false,
    );
  }
  return { ...state, memory, changed, trace };
}

export function flushOldest(
  system: ModelSystem,
  state: ModelState,
  thread: number,
  location: number,
): ModelState {
  const { memory, operation } = system.memory.flushOldest(state.memory, thread, location);
  const changed = noteChanges(system, state, thread, memory, operation);
  const trace = traceStep(state, thread, "flush", state.nodes[thread]!, operation, undefined, false);
  return { ...state, memory, changed, trace };
}

/** A spin that runs out ends with the first step that is none of its loop's. */
export function leaveSpin(state: ModelState): ModelState {
  const { spinning } = state;
  if (spinning === undefined) return state;
  const { operation } = state.nodes[spinning.thread]!;
  const inLoop = operation !== undefined && spinning.turn.has(stepOfLoop(operation));
  return inLoop ? state : { ...state, spinning: undefined };
}

export const stepOfLoop = ({ kind, location }: Operation): string => `${kind}${location}`;
