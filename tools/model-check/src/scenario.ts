import type { SequentialModel } from "./linearizability.ts";
import type { NamedRange } from "./location-names.ts";

/**
 * Records one operation on the object under test: its name, its arguments and what it returned go to the
 * linearizability check and into the counter-example. Only its outermost use counts.
 */
export type Call = <Result>(name: string, args: readonly unknown[], operation: () => Result) => Result;

/** One model thread. Made by `thread`; its body is run again from the start whenever its next step is needed. */
export interface ModelThread<Shared> {
  readonly name: string;
  /** Builds the thread's own objects. Runs once in order before the threads start, and is replayed, not interleaved. */
  attach(shared: Shared): unknown;
  /** The interleaved part. What it returns is this thread's result in `check`. */
  run(local: unknown, call: Call): unknown;
}

/** The thread that starts once another was killed: it declares the death and repairs. */
export interface Supervisor<Shared> {
  readonly name: string;
  attach(shared: Shared): unknown;
  run(local: unknown, call: Call, killed: string): unknown;
}

/** What `check` is given once every thread has ended, was killed or stands still. */
export interface Outcome<Shared> {
  readonly shared: Shared;
  /** What each thread returned, by its name; absent for a killed or stopped one. */
  readonly results: ReadonlyMap<string, unknown>;
  /** The thread that was killed, or stopped for ever. */
  readonly interrupted: string | undefined;
}

export interface ScenarioOptions<Shared> {
  /** Unique within its package; the table's first column. */
  readonly name: string;
  /** The source files it exercises, from the repository's root: a mutant of one of them runs this scenario. */
  readonly touches: readonly string[];
  /** Builds the shared memory, with nobody else around. What it leaves in memory is where every execution starts. */
  setup(): Shared;
  readonly threads: readonly ModelThread<Shared>[];
  /** A thread may be killed at any step, or stand still for ever, at most once an execution. Default: "none". */
  readonly interruption?: "none" | "kill" | "stop";
  /** The threads that may be; default: all of `threads`. */
  readonly interruptible?: readonly string[];
  /** Starts after a kill. Without one nobody learns of the death. */
  readonly supervisor?: Supervisor<Shared>;
  /** The sequential object that all recorded calls, and those of `check`, must be linearizable against. */
  readonly model?: SequentialModel<unknown> | ((shared: Shared) => SequentialModel<unknown>);
  /**
   * Judges the end: throws, or returns a sentence, for a fault. It may use the shared memory freely, also through
   * `call`: those calls happen after all others.
   */
  check?(outcome: Outcome<Shared>, call: Call): string | undefined;
  /** Names for the counter-example; see `namesOfRegion`. Addresses without a name are printed as byte offsets. */
  names?(shared: Shared): readonly NamedRange[];
  /**
   * A plain load that finds a value also finds what was released with it, as processors do for loads whose address
   * depends on that value: for code that follows pointers plainly. Independent loads get it too, so faults of theirs
   * may be missed. Default: false.
   */
  readonly dependentLoads?: boolean;
  /** Every interleaving (the default), or seeded random priorities (PCT) where that is too many. */
  readonly mode?: "exhaustive" | PctOptions;
  /** Only in the long form (`--long`, UDP_RELAY_LONG=1). */
  readonly long?: boolean;
  /**
   * How a `long` exhaustive scenario runs where it is not among those that the long form's seed draws: for families of
   * scenarios that together would take hours.
   */
  readonly undrawn?: PctOptions;
  /** A scenario that must fail, with a message that contains this: how the checker's own tests plant bugs. */
  readonly expectFailure?: string;
  readonly limits?: Partial<Limits>;
}

export interface PctOptions {
  /** How many executions. */
  readonly runs: number;
  /** How many in the long form. Default `runs`. */
  readonly longRuns?: number;
  readonly seed: number;
  /** The number of ordering constraints a bug may need: depth - 1 priority changes an execution. Default 3. */
  readonly depth?: number;
}

/** Hitting any of them is a failure, never a pass. */
export interface Limits {
  /** Distinct states of an exhaustive scenario. Default 1,000,000. */
  readonly states: number;
  /** Steps of one thread without a pause between them. Default 2,000. */
  readonly stepsOfAThread: number;
  /** Turns after which a spin loop where nothing changes is taken for endless. Default 1,000. */
  readonly pauses: number;
  /** Processor time in milliseconds. Default 120,000; random executions are bounded by their number unless it is said. */
  readonly milliseconds: number;
}

/** A scenario with its types erased, ready to run. */
export type Scenario = ScenarioOptions<unknown>;

/**
 * Declares a scenario. A file `packages/<name>/model-check/<topic>.scenarios.ts` exports an array of them by default.
 */
export function defineScenario<Shared>(options: ScenarioOptions<Shared>): Scenario {
  // Each of its functions is only ever given what its own `setup` returned.
  return options as unknown as Scenario;
}

/** A model thread whose `attach` makes what `run` uses, typed. */
export function thread<Shared, Local>(
  name: string,
  attach: (shared: Shared) => Local,
  run: (local: Local, call: Call) => unknown,
): ModelThread<Shared> {
  return { name, attach, run: run };
}

/** The supervisor, typed the same way; `killed` is the dead thread's name. */
export function supervisor<Shared, Local>(
  attach: (shared: Shared) => Local,
  run: (local: Local, call: Call, killed: string) => unknown,
): Supervisor<Shared> {
  return { name: "supervisor", attach, run: run };
}
