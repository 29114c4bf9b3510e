import { DirectMemory } from "./direct-memory.ts";
import { resetEnvironment } from "./environment.ts";
import { LocationTable } from "./location-table.ts";
import { memoryHooks } from "./memory-hooks.ts";
import type { AccessSink } from "./memory-hooks.ts";
import { CALLS_OF_A_THREAD, returnedCalls } from "./model-state.ts";
import type { Action, ModelState, ThreadStatus, TraceStep } from "./model-state.ts";
import { extract, givesResult, insertHigh, insertLow, replacement, writes } from "./operation.ts";
import type { Operation, OperationKind, StepResult } from "./operation.ts";
import type { Call, Scenario } from "./scenario.ts";
import { Footprint, ThreadHistory } from "./thread-history.ts";
import type { HistoryNode, SoloRun } from "./thread-history.ts";
import { WeakMemory } from "./weak-memory.ts";

/** A fault of the scenario's code, with the execution that leads to it. */
export class ScenarioFailure extends Error {
  readonly trace: TraceStep | undefined;

  constructor(message: string, trace: TraceStep | undefined) {
    super(message);
    this.trace = trace;
  }
}

/** One scenario, set up: its threads' histories, and the steps between its states. */
export class ModelSystem {
  readonly scenario: Scenario;
  readonly shared: unknown;
  readonly locations: LocationTable = new LocationTable();
  readonly memory: WeakMemory = new WeakMemory(this.locations);
  readonly threads: readonly ThreadHistory[];
  /** The supervisor's histories by the thread that was killed: its body is told which. */
  readonly supervisors: readonly ThreadHistory[];
  readonly names: readonly string[];
  readonly interruptible: readonly boolean[];
  readonly stepsOfAThread: number;
  /** The words that `check` has read so far. */
  readonly looked: Footprint = new Footprint();
  #nodes = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const { threads, supervisor } = scenario;
    this.stepsOfAThread = scenario.limits?.stepsOfAThread ?? 2_000;
    resetEnvironment();
    this.shared = memoryHooks.through(new DirectMemory(), () => scenario.setup());
    const make = (
      name: string,
      attach: () => unknown,
      run: (local: unknown, call: Call) => unknown,
    ): ThreadHistory =>
      new ThreadHistory({
        name,
        attach,
        attachSteps: recordAttach(attach),
        run,
        locations: this.locations,
        onPlainRead: (location) => {
          this.memory.notePlainRead(location);
        },
        nextId: () => this.#nodes++,
      });
    this.threads = threads.map((thread) =>
      make(
        thread.name,
        () => thread.attach(this.shared),
        (local, call) => thread.run(local, call),
      ),
    );
    this.supervisors =
      supervisor === undefined || scenario.interruption !== "kill"
        ? []
        : this.#makeSupervisors(
            make,
            threads.map(({ name }) => name),
          );
    this.locations.setNames(scenario.names?.(this.shared) ?? []);
    this.names = [
      ...threads.map(({ name }) => name),
      ...(this.supervisors.length > 0 ? [supervisor!.name] : []),
    ];
    this.interruptible = threads.map(({ name }) => scenario.interruptible?.includes(name) ?? true);
    if (this.names.length > 5) throw new RangeError("a scenario of more than five threads");
  }

  #makeSupervisors(
    make: (
      name: string,
      attach: () => unknown,
      run: (local: unknown, call: Call) => unknown,
    ) => ThreadHistory,
    names: readonly string[],
  ): ThreadHistory[] {
    const { supervisor } = this.scenario;
    const first = make(
      supervisor!.name,
      () => supervisor!.attach(this.shared),
      (local, call) => supervisor!.run(local, call, names[0]!),
    );
    // Attached once in the real memory: the others replay the same attach.
    return names.map((killed, index) =>
      index === 0 ? first : first.sibling((local, call) => supervisor!.run(local, call, killed)),
    );
  }

  initial(): ModelState {
    const count = this.names.length;
    const hasSupervisor = this.supervisors.length > 0;
    const status: ThreadStatus[] = this.names.map((_, index) =>
      hasSupervisor && index === count - 1 ? "dormant" : "ready",
    );
    const state: ModelState = {
      memory: this.memory.initial(count),
      nodes: [...this.threads.map(({ root }) => root), ...(hasSupervisor ? [this.supervisors[0]!.root] : [])],
      status,
      waiters: [],
      changed: status.map(() => false),
      interruptionsLeft: (this.scenario.interruption ?? "none") === "none" ? 0 : 1,
      interrupted: -1,
      spinning: undefined,
      precededBy: status.map(() => []),
      trace: undefined,
    };
    for (const history of [...this.threads, ...this.supervisors]) {
      if (!history.root.known) history.resolve(history.root, this.#soloRun(state, 0));
    }
    return state;
  }

  historyOf(state: ModelState, thread: number): ThreadHistory {
    return this.threads[thread] ?? this.supervisors[Math.max(0, state.interrupted)]!;
  }

  /** Everything that may happen next; in a spin that runs out, only its own thread's steps. */
  actions(state: ModelState): Action[] {
    const { spinning } = state;
    if (spinning !== undefined) return this.threadActions(state, spinning.thread);
    const actions: Action[] = [];
    for (let thread = 0; thread < state.nodes.length; thread++)
      actions.push(...this.threadActions(state, thread));
    return actions;
  }

  threadActions(state: ModelState, thread: number): Action[] {
    const status = state.status[thread]!;
    const actions: Action[] = [];
    for (const index of this.memory.flushable(state.memory, thread))
      actions.push({ kind: "flush", thread, index });
    if (status === "gone" || status === "dormant") return actions;
    if (status === "starting" && state.memory.buffers[state.interrupted]!.length > 0) return actions;
    const node = state.nodes[thread]!;
    const { operation } = node;
    if (this.scenario.model !== undefined && node.ended > state.precededBy[thread]!.length) {
      return [{ kind: "return", thread }, ...actions];
    }
    if (operation === undefined) return actions;
    if (status === "waiting")
      return operation.operand === Infinity ? actions : [{ kind: "time-out", thread }, ...actions];
    switch (operation.kind) {
      case "poke":
      case "load":
        return [{ kind: "step", thread }, ...actions];
      case "peek": {
        const choices = this.memory.peekChoices(state.memory, thread, operation);
        if (choices.length === 1) return [{ kind: "step", thread }, ...actions];
        return [...choices.map((_, choice): Action => ({ kind: "peek", thread, choice })), ...actions];
      }
      case "pause": {
        const blocked = !state.changed[thread]! && node.window().size > 0;
        const passes = !blocked || state.spinning !== undefined;
        if (!passes && node.spinsForEver && this.#othersMayMove(state, thread)) return actions;
        return [{ kind: passes ? "step" : "spin-out", thread }, ...actions];
      }
      default:
        // A fence or an atomic write waits for this thread's plain stores to become visible.
        return state.memory.buffers[thread]!.length > 0 ? actions : [{ kind: "step", thread }, ...actions];
    }
  }

  #othersMayMove(state: ModelState, thread: number): boolean {
    return state.nodes.some(
      (_, other) =>
        other !== thread && this.threadActions(state, other).some(({ kind }) => kind !== "spin-out"),
    );
  }

  /** A thread is done once its body ended, or it is gone, and nothing of it is on its way to memory. */
  isSettled(state: ModelState, thread: number): boolean {
    if (state.memory.buffers[thread]!.length > 0) return false;
    const status = state.status[thread]!;
    return status === "gone" || status === "dormant" || state.nodes[thread]!.outcome !== undefined;
  }

  /** The state after `action`. In a branching step a call that begins there gets its place in the history. */
  apply(state: ModelState, action: Action, branching: boolean): ModelState {
    const { thread } = action;
    const node = state.nodes[thread]!;
    const started =
      state.status[thread] === "starting" && action.kind !== "flush" ? this.#start(state, thread) : state;
    const placed = branching && action.kind !== "flush" ? this.#placeCalls(started, thread, node) : started;
    if (action.kind === "return") {
      const base = branching ? placed : this.#placeCalls(placed, thread, node);
      return this.#traced(base, action, node, undefined, false);
    }
    if (action.kind === "flush") {
      const operation = state.memory.buffers[thread]![action.index]!.operation;
      const memory = this.memory.flush(placed.memory, thread, action.index);
      const changed = this.#noteChanges(placed, thread, memory, operation);
      return { ...this.#traced(placed, action, node, undefined, false, operation), memory, changed };
    }
    const operation = node.operation!;
    if (node.stepsSincePause > this.stepsOfAThread) {
      throw new ScenarioFailure(
        `${this.names[thread]!} took more than ${this.stepsOfAThread} steps without an end or a pause`,
        state.trace,
      );
    }
    if (action.kind === "time-out") {
      const waiters = placed.waiters.filter((waiter) => waiter !== thread);
      return this.#advance({ ...placed, waiters }, action, node, "timed-out", false, { status: "ready" });
    }
    switch (operation.kind) {
      case "peek":
        return this.#applyPeek(placed, action, node, operation);
      case "poke": {
        const memory = this.memory.buffer(placed.memory, thread, operation);
        return this.#advance({ ...placed, memory }, action, node, undefined, false);
      }
      case "fence": {
        const memory = this.memory.fence(placed.memory, thread);
        return this.#advance({ ...placed, memory }, action, node, undefined, false);
      }
      case "pause":
        return this.#applyPause(placed, action, node);
      case "wait":
        return this.#applyWait(placed, action, node, operation);
      case "notify":
        return this.#applyNotify(placed, action, node, operation);
      default:
        return this.#applyAtomic(placed, action, node, operation);
    }
  }

  /** The state in which `thread` was killed, or stopped for ever, right here. */
  interrupt(state: ModelState, thread: number): ModelState {
    const kill = this.scenario.interruption === "kill";
    const status = [...state.status];
    const nodes = [...state.nodes];
    status[thread] = "gone";
    if (kill && this.supervisors.length > 0) {
      const last = status.length - 1;
      status[last] = "starting";
      nodes[last] = this.supervisors[thread]!.root;
    }
    return {
      ...state,
      status,
      nodes,
      waiters: state.waiters.filter((waiter) => waiter !== thread),
      interruptionsLeft: state.interruptionsLeft - 1,
      spinning: state.spinning?.thread === thread ? undefined : state.spinning,
      interrupted: thread,
      trace: {
        previous: state.trace,
        thread,
        action: kill ? "kill" : "stop",
        node: state.nodes[thread]!,
        operation: undefined,
        result: undefined,
        stale: false,
        spinning: false,
      },
    };
  }

  #start(state: ModelState, thread: number): ModelState {
    const status = state.status.with(thread, "ready");
    return { ...state, status, memory: this.memory.synchronise(state.memory, thread) };
  }

  #placeCalls(state: ModelState, thread: number, node: HistoryNode): ModelState {
    const placed = state.precededBy[thread]!;
    if (this.scenario.model === undefined || node.calls.length <= placed.length) return state;
    if (node.calls.length > CALLS_OF_A_THREAD)
      throw new RangeError(`a thread of more than ${CALLS_OF_A_THREAD} calls`);
    const next = [...placed, returnedCalls(state)];
    const precededBy = state.precededBy.with(thread, next);
    return this.#placeCalls({ ...state, precededBy }, thread, node);
  }

  #applyPeek(state: ModelState, action: Action, node: HistoryNode, operation: Operation): ModelState {
    const choices = this.memory.peekChoices(state.memory, action.thread, operation);
    const choice = choices[action.kind === "peek" ? action.choice : 0]!;
    const memory = this.memory.afterPeek(state.memory, action.thread, operation, choice.lowIndex);
    const next = this.#advance({ ...state, memory }, action, node, choice.result, !choice.fresh);
    return choice.fresh ? next : { ...next, changed: next.changed.with(action.thread, true) };
  }

  #applyPause(state: ModelState, action: Action, node: HistoryNode): ModelState {
    const { thread } = action;
    const memory = this.memory.synchronise(state.memory, thread);
    const changed = state.changed.with(thread, false);
    const next = this.#advance({ ...state, memory, changed }, action, node, undefined, false);
    if (action.kind === "spin-out") {
      const turn = turnOfLoop(node);
      const alone = !this.#othersMayMove(state, thread);
      return this.#leaveSpin({ ...next, spinning: { thread, turn, pauses: 1, since: node, alone } });
    }
    if (next.spinning === undefined) return next;
    return this.#leaveSpin({ ...next, spinning: { ...next.spinning, pauses: next.spinning.pauses + 1 } });
  }

  #leaveSpin(state: ModelState): ModelState {
    const { spinning } = state;
    if (spinning === undefined) return state;
    const { operation } = state.nodes[spinning.thread]!;
    return operation !== undefined && spinning.turn.has(stepOfLoop(operation))
      ? state
      : { ...state, spinning: undefined };
  }

  #applyWait(state: ModelState, action: Action, node: HistoryNode, operation: Operation): ModelState {
    const { thread } = action;
    const { result, memory } = this.memory.atomic(state.memory, thread, operation);
    if (result !== operation.expected)
      return this.#advance({ ...state, memory }, action, node, "not-equal", false);
    const waiters = [...state.waiters, thread];
    const status = state.status.with(thread, "waiting");
    return { ...this.#traced({ ...state, memory }, action, node, undefined, false), waiters, status };
  }

  #applyNotify(state: ModelState, action: Action, node: HistoryNode, operation: Operation): ModelState {
    const { memory } = this.memory.atomic(state.memory, action.thread, operation);
    const woken = state.waiters
      .filter((waiter) => state.nodes[waiter]!.operation!.location === operation.location)
      .slice(0, operation.operand as number);
    let next = this.#advance({ ...state, memory }, action, node, woken.length, false);
    for (const waiter of woken) {
      const waiting = next.nodes[waiter]!;
      const after = this.historyOf(next, waiter).advance(waiting, "ok", this.#soloRun(next, waiter));
      next = {
        ...next,
        memory: this.memory.synchronise(next.memory, waiter),
        nodes: next.nodes.with(waiter, after),
        status: next.status.with(waiter, "ready"),
        waiters: next.waiters.filter((other) => other !== waiter),
      };
    }
    return next;
  }

  #applyAtomic(state: ModelState, action: Action, node: HistoryNode, operation: Operation): ModelState {
    const { result, memory } = this.memory.atomic(state.memory, action.thread, operation);
    const changed = this.#noteChanges(state, action.thread, memory, operation);
    return this.#advance(
      { ...state, memory, changed },
      action,
      node,
      givesResult(operation) ? result : undefined,
      false,
    );
  }

  /** Wakes the spin loops that look at a word which has just got another value. */
  #noteChanges(
    state: ModelState,
    thread: number,
    memory: ModelState["memory"],
    operation: Operation,
  ): readonly boolean[] {
    const { location, high } = operation;
    const differs = (word: number): boolean =>
      word >= 0 && this.memory.latest(memory, word) !== this.memory.latest(state.memory, word);
    if (!differs(location) && !differs(high)) return state.changed;
    return state.changed.map((changed, other) => {
      if (changed || other === thread) return changed;
      const window = state.nodes[other]!.window();
      return window.has(location) || window.has(high);
    });
  }

  #advance(
    state: ModelState,
    action: Action,
    node: HistoryNode,
    result: StepResult,
    stale: boolean,
    changes?: { status: ThreadStatus },
  ): ModelState {
    const { thread } = action;
    const after = this.historyOf(state, thread).advance(node, result, this.#soloRun(state, thread));
    const next: ModelState = {
      ...this.#traced(state, action, node, result, stale),
      nodes: state.nodes.with(thread, after),
    };
    const left = this.#leaveSpin(next);
    return changes === undefined ? left : { ...left, status: left.status.with(thread, changes.status) };
  }

  #traced(
    state: ModelState,
    action: Action,
    node: HistoryNode,
    result: StepResult,
    stale: boolean,
    operation: Operation | undefined = action.kind === "return" ? undefined : node.operation,
  ): ModelState {
    const trace: TraceStep = {
      previous: state.trace,
      thread: action.thread,
      action: action.kind,
      node,
      operation,
      result,
      stale,
      spinning: state.spinning !== undefined,
    };
    return { ...state, trace };
  }

  /** Guesses a thread's next results as if it ran on alone from here: most often that is what comes next. */
  #soloRun(state: ModelState, thread: number): SoloRun {
    const words = new Map<number, number>();
    const read = (location: number): number =>
      words.get(location) ?? this.memory.own(state.memory, thread, location);
    let steps = 0;
    const spinning = state.spinning !== undefined;
    return {
      perform: (operation) => {
        const { kind, location, high } = operation;
        if (kind === "wait" || (kind === "pause" && !spinning) || ++steps > this.stepsOfAThread)
          return undefined;
        if (location < 0) return { result: undefined };
        if (kind === "notify") return { result: 0 };
        const old = extract(operation, read(location), high < 0 ? 0 : read(high));
        if (writes(operation)) {
          const value = replacement(operation, old);
          words.set(location, insertLow(operation, read(location), value));
          if (high >= 0) words.set(high, insertHigh(value));
        }
        return { result: old };
      },
    };
  }
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

/** Runs `attach` in the real memory and keeps what each access gave, for the replays. */
function recordAttach(
  attach: () => unknown,
): { kind: OperationKind; byteOffset: number; result: StepResult }[] {
  const steps: { kind: OperationKind; byteOffset: number; result: StepResult }[] = [];
  const direct = new DirectMemory();
  resetEnvironment();
  const keep = <Result extends StepResult>(
    kind: OperationKind,
    byteOffset: number,
    result: Result,
  ): Result => {
    steps.push({ kind, byteOffset, result });
    return result;
  };
  const sink: AccessSink = {
    access: (buffer, byteOffset, kind, bytes, operand, expected) =>
      keep(kind, byteOffset, direct.access(buffer, byteOffset, kind, bytes, operand, expected)),
    access64: (buffer, byteOffset, kind, operand, expected) =>
      keep(kind, byteOffset, direct.access64(buffer, byteOffset, kind, operand, expected)),
    fence: () => {
      keep("fence", -1, undefined);
    },
    pause: () => {
      keep("pause", -1, undefined);
    },
    wait: (buffer, byteOffset, expected, timeoutMs) =>
      keep("wait", byteOffset, direct.wait(buffer, byteOffset, expected, timeoutMs)),
    notify: (_buffer, byteOffset) => keep("notify", byteOffset, direct.notify()),
  };
  memoryHooks.through(sink, attach);
  return steps;
}
