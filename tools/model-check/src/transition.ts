import { PAUSE_BIT } from "./footprint.ts";
import { CALLS_OF_A_THREAD, returnedCalls } from "./model-state.ts";
import type { Action, Flush, ModelState, TraceStep } from "./model-state.ts";
import { ScenarioFailure } from "./model-system.ts";
import type { ModelSystem } from "./model-system.ts";
import { givesResult } from "./operation.ts";
import type { Operation, StepResult } from "./operation.ts";
import { othersMayMove } from "./possible-actions.ts";
import type { HistoryNode } from "./thread-history.ts";

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
    trace: step(state, thread, kill ? "kill" : "stop", state.nodes[thread]!, undefined, undefined, false),
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
      const choice = memory.peekChoices(state.memory, thread, operation)[action.choice]!;
      const after = memory.afterPeek(state.memory, thread, operation, choice.lowIndex);
      const next = advance(system, { ...state, memory: after }, action, node, choice.result, !choice.fresh);
      return choice.fresh ? next : { ...next, changed: next.changed.with(thread, true) };
    }
    case "load": {
      const choice = memory.loadChoices(state.memory, thread, operation)[action.choice]!;
      const after = memory.afterLoad(state.memory, thread, operation, choice);
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

function flushAll(system: ModelSystem, state: ModelState, thread: number): ModelState {
  const entries = state.memory.buffers[thread]!;
  if (entries.length === 0) return state;
  const memory = system.memory.flushAll(state.memory, thread);
  let { changed, trace } = state;
  for (const { operation } of entries) {
    changed = noteChanges(system, { ...state, changed }, thread, memory, operation);
    trace = step({ ...state, trace }, thread, "flush", state.nodes[thread]!, operation, undefined, false);
  }
  return { ...state, memory, changed, trace };
}

function flushOldest(system: ModelSystem, state: ModelState, thread: number, location: number): ModelState {
  const { memory, operation } = system.memory.flushOldest(state.memory, thread, location);
  const changed = noteChanges(system, state, thread, memory, operation);
  const trace = step(state, thread, "flush", state.nodes[thread]!, operation, undefined, false);
  return { ...state, memory, changed, trace };
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

/** The loop goes round again, with everything visible that it looks at. */
function passPause(system: ModelSystem, from: ModelState, action: Action, node: HistoryNode): ModelState {
  const { thread } = action;
  let state = from;
  if (action.kind === "step" && state.spinning === undefined) {
    for (const flush of watchedFlushes(state, thread)) {
      state = flushOldest(system, state, flush.thread, flush.location);
    }
  }
  const memory = system.memory.synchronise(state.memory, thread);
  const changed = state.changed.with(thread, false);
  const next = advance(system, { ...state, memory, changed }, action, node, undefined, false);
  if (action.kind === "spin-out") {
    const alone = !othersMayMove(system, state, thread);
    return leaveSpin({
      ...next,
      spinning: { thread, turn: turnOfLoop(node), pauses: 1, since: node, alone },
    });
  }
  if (next.spinning === undefined) return next;
  return leaveSpin({ ...next, spinning: { ...next.spinning, pauses: next.spinning.pauses + 1 } });
}

function watchedFlushes(state: ModelState, thread: number): readonly Flush[] {
  const window = state.nodes[thread]!.window();
  return state.memory.buffers.flatMap((buffer, other) =>
    other === thread
      ? []
      : buffer
          .filter(({ operation }) => window.has(operation.location) || window.has(operation.high))
          .map(({ operation }) => ({ thread: other, location: operation.location })),
  );
}

function leaveSpin(state: ModelState): ModelState {
  const { spinning } = state;
  if (spinning === undefined) return state;
  const { operation } = state.nodes[spinning.thread]!;
  const inLoop = operation !== undefined && spinning.turn.has(stepOfLoop(operation));
  return inLoop ? state : { ...state, spinning: undefined };
}

const stepOfLoop = ({ kind, location }: Operation): string => `${kind}${location}`;

function turnOfLoop(pause: HistoryNode): ReadonlySet<string> {
  const turn = new Set<string>([stepOfLoop(pause.operation!)]);
  for (
    let node = pause.parent;
    node?.operation !== undefined && node.operation.kind !== "pause";
    node = node.parent
  ) {
    turn.add(stepOfLoop(node.operation));
  }
  return turn;
}

function beginWait(
  system: ModelSystem,
  state: ModelState,
  action: Action,
  node: HistoryNode,
  operation: Operation,
): ModelState {
  const { thread } = action;
  const { result, memory } = system.memory.atomic(state.memory, thread, operation);
  if (result !== operation.expected) {
    return advance(system, { ...state, memory }, action, node, "not-equal", false);
  }
  const waiters = [...state.waiters, thread];
  const status = state.status.with(thread, "waiting");
  return { ...traced({ ...state, memory }, action, node, undefined, false), waiters, status };
}

function wake(
  system: ModelSystem,
  state: ModelState,
  action: Action,
  node: HistoryNode,
  operation: Operation,
): ModelState {
  const { memory } = system.memory.atomic(state.memory, action.thread, operation);
  const woken = state.waiters
    .filter((waiter) => state.nodes[waiter]!.operation!.location === operation.location)
    .slice(0, operation.operand as number);
  let next = advance(system, { ...state, memory }, action, node, woken.length, false);
  for (const waiter of woken) {
    const now = next;
    const history = system.historyOf(now, waiter);
    const after = history.advance(now.nodes[waiter]!, "ok", () => system.soloRun(now, waiter));
    next = {
      ...next,
      memory: system.memory.synchronise(next.memory, waiter),
      nodes: next.nodes.with(waiter, after),
      status: next.status.with(waiter, "ready"),
      waiters: next.waiters.filter((other) => other !== waiter),
    };
  }
  return next;
}

/** Wakes the spin loops that look at a word which has just got another value. */
function noteChanges(
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

function advance(
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

function traced(
  state: ModelState,
  { thread, kind }: Action,
  node: HistoryNode,
  result: StepResult,
  stale: boolean,
): ModelState {
  const operation = kind === "return" ? undefined : node.operation;
  return { ...state, trace: step(state, thread, kind, node, operation, result, stale) };
}

function step(
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
