import { recordAttach } from "./attach-steps.ts";
import { DirectMemory } from "./direct-memory.ts";
import { resetEnvironment } from "./environment.ts";
import type { SequentialModel } from "./linearizability.ts";
import { LocationTable } from "./location-table.ts";
import { memoryHooks } from "./memory-hooks.ts";
import type { ModelState, ThreadStatus, TraceStep } from "./model-state.ts";
import { extract, insertHigh, insertLow, replacement, writes } from "./operation.ts";
import type { Call, Scenario } from "./scenario.ts";
import { Footprint } from "./footprint.ts";
import { ThreadHistory } from "./thread-history.ts";
import type { SoloRun } from "./thread-history.ts";
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
  readonly memory: WeakMemory;
  /** The sequential object, if calls are recorded. */
  readonly model: SequentialModel<unknown> | undefined;
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
    this.memory = new WeakMemory(this.locations, scenario.dependentLoads ?? false);
    const { threads, supervisor } = scenario;
    this.stepsOfAThread = scenario.limits?.stepsOfAThread ?? 2_000;
    resetEnvironment();
    this.shared = memoryHooks.through(new DirectMemory(), () => scenario.setup());
    this.model = typeof scenario.model === "function" ? scenario.model(this.shared) : scenario.model;
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
        onLoad: (location) => {
          this.memory.noteLoad(location);
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
      if (!history.root.known) history.resolve(history.root, this.soloRun(state, 0));
    }
    return state;
  }

  /** Guesses a thread's next results as if it ran on alone from here: most often that is what comes next. */
  soloRun(state: ModelState, thread: number): SoloRun {
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

  historyOf(state: ModelState, thread: number): ThreadHistory {
    return this.threads[thread] ?? this.supervisors[Math.max(0, state.interrupted)]!;
  }

  /** A thread is done once its body ended, or it is gone, and nothing of it is on its way to memory. */
  isSettled(state: ModelState, thread: number): boolean {
    if (state.memory.buffers[thread]!.length > 0) return false;
    const status = state.status[thread]!;
    return status === "gone" || status === "dormant" || state.nodes[thread]!.outcome !== undefined;
  }
}
