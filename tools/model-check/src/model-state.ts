import type { HistoryNode } from "./history-node.ts";
import type { Operation, StepResult } from "./operation.ts";
import type { MemoryState } from "./memory-state.ts";

/** How a model thread stands in one state. */
export type ThreadStatus =
  /** Takes its next step when chosen. */
  | "ready"
  /** Blocked in `wait` until a notify, or its timeout. */
  | "waiting"
  /** Killed, or stopped for ever: takes no more steps; its buffered stores still drain. */
  | "gone"
  /** The supervisor before a death. */
  | "dormant"
  /** The supervisor after one, before its first step. */
  | "starting";

/** A thread that spins its bound out because nothing changes; nobody else runs until it leaves the loop. */
interface SpinningOut {
  readonly thread: number;
  /** The steps of one turn of the loop: any other step has left it. */
  readonly turn: ReadonlySet<string>;
  readonly pauses: number;
  readonly since: HistoryNode;
  /** Nothing else could have run: if it never leaves, that is a deadlock. */
  readonly alone: boolean;
}

/** One state of an execution. Immutable. */
export interface ModelState {
  readonly memory: MemoryState;
  readonly nodes: readonly HistoryNode[];
  readonly status: readonly ThreadStatus[];
  /** Threads in `wait`, longest first. */
  readonly waiters: readonly number[];
  /** For each thread whether something that its spin loop looks at has changed since its last pause. */
  readonly changed: readonly boolean[];
  readonly interruptionsLeft: number;
  readonly interrupted: number;
  readonly spinning: SpinningOut | undefined;
  /** For each thread and call: the calls that had returned before it, as a mask over all calls. */
  readonly precededBy: readonly (readonly number[])[];
  readonly trace: TraceStep | undefined;
}

/** A step taken, linked to those before it: the counter-example, newest first. */
export interface TraceStep {
  readonly previous: TraceStep | undefined;
  readonly thread: number;
  readonly action: Action["kind"] | "flush" | "kill" | "stop";
  readonly node: HistoryNode;
  readonly operation: Operation | undefined;
  readonly result: StepResult;
  /** A plain load that found an older value. */
  readonly stale: boolean;
  /** One of the turns of a spin loop after the first. */
  readonly spinning: boolean;
}

/** Something that may happen next. */
export interface Action {
  readonly kind:
    | "step"
    /** The supervisor learns of a death. */
    | "start"
    /** The spin loop gives up waiting for a change. */
    | "spin-out"
    | "time-out"
    /** A call that took only private steps returns: its place among the others' calls is chosen here. */
    | "return"
    /** Everything that is still buffered becomes visible, where nobody takes steps any more. */
    | "drain";
  readonly thread: number;
  /** Which value a plain load finds. */
  readonly choice: number;
  /** Plain stores of others that become visible first. */
  readonly flushes: readonly Flush[];
}

/** The oldest of a thread's buffered stores to a location becomes visible. */
export interface Flush {
  readonly thread: number;
  readonly location: number;
}

/** Calls of one thread that a history can hold; 30 bits are shared by up to five threads. */
export const CALLS_OF_A_THREAD = 6;

export const callBit = (thread: number, index: number): number => 1 << (thread * CALLS_OF_A_THREAD + index);

/** The calls that have returned, of those whose beginning has a place in the history. */
export function returnedCalls(state: ModelState): number {
  let mask = 0;
  for (let thread = 0; thread < state.nodes.length; thread++) {
    const returned = Math.min(state.nodes[thread]!.ended, state.precededBy[thread]!.length);
    for (let index = 0; index < returned; index++) mask |= callBit(thread, index);
  }
  return mask;
}
