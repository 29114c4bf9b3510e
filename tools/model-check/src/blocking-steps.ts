import type { HistoryNode } from "./history-node.ts";
import type { Action, Flush, ModelState } from "./model-state.ts";
import type { ModelSystem } from "./model-system.ts";
import type { Operation } from "./operation.ts";
import { othersMayMove } from "./possible-actions.ts";
import { advance, flushOldest, leaveSpin, stepOfLoop, traced } from "./step-effects.ts";

/** The loop goes round again, with everything visible that it looks at. */
export function passPause(
  system: ModelSystem,
  from: ModelState,
  action: Action,
  node: HistoryNode,
): ModelState {
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

export function beginWait(
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

export function wake(
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
