import { beginWait, passPause, wake } from "./blocking-steps.ts";
import type { HistoryNode } from "./history-node.ts";
import { afterLoad, afterPeek, loadChoices, peekChoices } from "./load-choices.ts";
import { CALLS_OF_A_THREAD, returnedCalls } from "./model-state.ts";
import type { Action, Flush, ModelState } from "./model-state.ts";
import { ScenarioFailure } from "./model-system.ts";
import type { ModelSystem } from "./model-system.ts";
import { givesResult } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { advance, flushAll, flushOldest, noteChanges, traced, traceStep } from "./step-effects.ts";

/** The state after `action`. In a branching step a call that begins there gets its place in the history. */
export function takeAction(
  system: ModelSystem,
  from: ModelState,
  action: Action,
  branching: boolean,
): ModelState {
  const { thread, kind } = action;
  const node = from.nodes[thread]!;
  if (kind === "drain") return drain(system, from, action.flushes);
  if (kind === "start") return start(system, from, thread);
  let state = from;
  for (const flush of action.flushes) state = flushOldest(system, state, flush.thread, flush.location);
  if (branching || kind === "return") state = placeCalls(system, state, thread, node);
  if (kind === "return") return traced(state, action, node, undefined, false);
  if (node.stepsSincePause > system.stepsOfAThread) {
    const text = `${system.names[thread]!} took more than ${system.stepsOfAThread} steps without an end or a pause`;
    throw new ScenarioFailure(text, state.trace);
  }
  if (kind === "time-out") {
    const waiters = state.waiters.filter((waiter) => waiter !== thread);
    const woken: ModelState = { ...state, waiters, status: state.status.with(thread, "ready") };
    return advance(system, woken, action, node, "timed-out", false);
  }
  return takeStep(system, state, action, node, node.operation!);
}

/** The state in which `thread` was killed, or stopped for ever, right here. */
export function interrupt(system: ModelSystem, state: ModelState, thread: number): ModelState {
  const kill = system.scenario.interruption === "kill";
  let { nodes } = state;
  let status = state.status.with(thread, "gone");
  if (kill && system.supervisors.length > 0) {
    const last = status.length - 1;
    status = status.with(last, "starting");
    nodes = nodes.with(last, system.supervisors[thread]!.root);
  }
  return {
    ...state,
    status,
    nodes,
    waiters: state.waiters.filter((waiter) => waiter !== thread),
    interruptionsLeft: state.interruptionsLeft - 1,
    spinning: state.spinning?.thread === thread ? undefined : state.spinning,
    interrupted: thread,
    trace: traceStep(
      state,
      thread,
      kill ? "kill" : "stop",
      state.nodes[thread]!,
      undefined,
      undefined,
      false,
    ),
  };
}

function takeStep(
  system: ModelSystem,
  state: ModelState,
  action: Action,
  node: HistoryNode,
  operation: Operation,
): ModelState {
  const { thread } = action;
  const { memory } = system;
  switch (operation.kind) {
    case "poke": {
      const after = memory.buffer(state.memory, thread, operation);
      return advance(system, { ...state, memory: after }, action, node, undefined, false);
    }
    case "peek": {
      const choice = peekChoices(memory, state.memory, thread, operation)[action.choice]!;
      const after = afterPeek(memory, state.memory, thread, operation, choice.lowIndex);
      const next = advance(system, { ...state, memory: after }, action, node, choice.result, !choice.fresh);
      return choice.fresh ? next : { ...next, changed: next.changed.with(thread, true) };
    }
    case "load": {
      const choice = loadChoices(memory, state.memory, thread, operation)[action.choice]!;
      const after = afterLoad(memory, state.memory, thread, operation, choice);
      const next = advance(
        system,
        { ...state, memory: after },
        action,
        node,
        choice.result,
        action.choice > 0,
      );
      return action.choice === 0 ? next : { ...next, changed: next.changed.with(thread, true) };
    }
    case "pause":
      return passPause(system, state, action, node);
  }
  const visible = flushAll(system, state, thread);
  switch (operation.kind) {
    case "fence": {
      const after = memory.fence(visible.memory, thread);
      return advance(system, { ...visible, memory: after }, action, node, undefined, false);
    }
    case "wait":
      return beginWait(system, visible, action, node, operation);
    case "notify":
      return wake(system, visible, action, node, operation);
    default:
      return access(system, visible, action, node, operation);
  }
}

/** The supervisor learns of a death: by then everything that the dead thread stored is visible. */
function start(system: ModelSystem, state: ModelState, thread: number): ModelState {
  const drained = flushAll(system, state, state.interrupted);
  const memory = system.memory.synchronise(drained.memory, thread);
  return { ...drained, status: state.status.with(thread, "ready"), memory };
}

function drain(system: ModelSystem, from: ModelState, flushes: readonly Flush[]): ModelState {
  let state = from;
  for (const flush of flushes) state = flushOldest(system, state, flush.thread, flush.location);
  for (let thread = 0; thread < state.nodes.length; thread++) state = flushAll(system, state, thread);
  return state;
}

function placeCalls(system: ModelSystem, state: ModelState, thread: number, node: HistoryNode): ModelState {
  const placed = state.precededBy[thread]!;
  if (system.model === undefined || node.calls.length <= placed.length) return state;
  if (node.calls.length > CALLS_OF_A_THREAD) {
    throw new RangeError(`${system.names[thread]!} makes more than ${CALLS_OF_A_THREAD} calls`);
  }
  const precededBy = state.precededBy.with(thread, [...placed, returnedCalls(state)]);
  return placeCalls(system, { ...state, precededBy }, thread, node);
}

function access(
  system: ModelSystem,
  state: ModelState,
  action: Action,
  node: HistoryNode,
  operation: Operation,
): ModelState {
  const { result, memory } = system.memory.atomic(state.memory, action.thread, operation);
  const changed = noteChanges(system, state, action.thread, memory, operation);
  const given = givesResult(operation) ? result : undefined;
  return advance(system, { ...state, memory, changed }, action, node, given, false);
}
