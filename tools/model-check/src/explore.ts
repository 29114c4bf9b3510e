import { Judge } from "./judge.ts";
import type { Action, ModelState } from "./model-state.ts";
import { ScenarioFailure } from "./model-system.ts";
import type { ModelSystem } from "./model-system.ts";
import { possibleActions } from "./possible-actions.ts";
import { TimeLimit } from "./processor-time.ts";
import { Reductions } from "./reductions.ts";
import { StateKeys } from "./state-key.ts";
import { interrupt, takeAction } from "./transition.ts";

/** What an exploration counted. */
export interface Exploration {
  readonly states: number;
  readonly steps: number;
  readonly ends: number;
  /** How often it started again because a reduction's ground had changed. */
  readonly passes: number;
}

/** How the message of a limit that was hit ends: such a failure says nothing about the code. */
export const UNDECIDED = "not checked exhaustively";

/** States of the first pass that are worth their time even if it turns out to be in vain; doubled with each. */
const PATIENCE = 512;

/**
 * Every interleaving, up to equivalence: a depth-first search over states, each visited once. Where a thread's next
 * step commutes with everything that the others may still do, only that step is taken (a persistent set of one). What
 * the others may still do is learned from the histories found so far; if it grows after it was relied on, the search
 * starts again with what is now known, so that the last pass stands on complete knowledge.
 *
 * @throws ScenarioFailure for a fault, and for a limit that was hit
 */
export function explore(system: ModelSystem): Exploration {
  const limit = new TimeLimit(system.scenario.limits?.milliseconds ?? 120_000);
  let passes = 0;
  for (;;) {
    const pass = new Pass(system, limit, PATIENCE << Math.min(passes, 20));
    const counted = pass.run();
    passes++;
    if (counted !== undefined) return { ...counted, passes };
    if (passes > 200) throw new ScenarioFailure("the exploration does not settle", undefined);
  }
}

class Pass {
  readonly #system: ModelSystem;
  readonly #judge: Judge;
  readonly #limit: TimeLimit;
  /** How many states it goes through to learn, although it is known that it must be done again. */
  readonly #patience: number;
  readonly #maxStates: number;
  readonly #maxPauses: number;
  readonly #seen = new Set<string>();
  readonly #reductions: Reductions;
  readonly #keys: StateKeys;
  #steps = 0;
  #ends = 0;

  constructor(system: ModelSystem, limit: TimeLimit, patience: number) {
    this.#system = system;
    this.#judge = new Judge(system);
    this.#limit = limit;
    this.#patience = patience;
    this.#reductions = new Reductions(system, this.#judge);
    this.#keys = new StateKeys(system, this.#judge, this.#reductions);
    this.#maxPauses = system.scenario.limits?.pauses ?? 1_000;
    this.#maxStates = system.scenario.limits?.states ?? 1_000_000;
  }

  /** Undefined: what it learned on the way invalidates what it did before. */
  run(): Omit<Exploration, "passes"> | undefined {
    const system = this.#system;
    const initial = system.initial();
    system.memory.invalidated = false;
    for (const history of [...system.threads, ...system.supervisors]) history.invalidated = false;
    const stack: ModelState[] = [initial];
    if (initial.interruptionsLeft > 0) this.#pushInterrupted(stack, initial, 0, system.threads.length);
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      if (this.#memoryInvalidated()) return undefined;
      state = this.#reduce(state, stack);
      const key = this.#keys.of(state);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (this.#seen.size > this.#maxStates) {
        throw new ScenarioFailure(`more than ${this.#maxStates} states: ${UNDECIDED}`, undefined);
      }
      if (this.#seen.size > this.#patience && this.#invalidated()) return undefined;
      this.#expand(state, stack);
    }
    if (this.#invalidated()) return undefined;
    return { states: this.#seen.size, steps: this.#steps, ends: this.#ends };
  }

  #memoryInvalidated(): boolean {
    return this.#system.memory.invalidated;
  }

  #invalidated(): boolean {
    const { threads, supervisors, memory } = this.#system;
    return (
      memory.invalidated ||
      this.#judge.invalidated ||
      [...threads, ...supervisors].some((history) => history.invalidated)
    );
  }

  /** Takes the steps that commute with all that the others may do; at most one at a time. */
  #reduce(from: ModelState, stack: ModelState[]): ModelState {
    let state = from;
    for (;;) {
      if (state.spinning !== undefined) {
        const actions = possibleActions(this.#system, state);
        if (actions.length !== 1 || !this.#mayGoOnSpinning(state)) return state;
        state = this.#take(state, actions[0]!, true);
        continue;
      }
      const action = this.#reductions.commuting(state);
      if (action === undefined) return state;
      state = this.#take(state, action, false);
      if (
        state.interruptionsLeft > 0 &&
        state.trace?.operation?.kind === "poke" &&
        this.#reductions.mayBeSeen(state, state.trace.operation)
      ) {
        this.#pushInterrupted(stack, state, action.thread, action.thread + 1);
      }
    }
  }

  #mayGoOnSpinning({ spinning }: ModelState): boolean {
    return spinning!.pauses <= this.#maxPauses;
  }

  #take(state: ModelState, action: Action, branching: boolean): ModelState {
    this.#steps++;
    if (this.#limit.isOver()) {
      throw new ScenarioFailure(`out of time after ${this.#seen.size} states: ${UNDECIDED}`, undefined);
    }
    return takeAction(this.#system, state, action, branching);
  }

  #expand(state: ModelState, stack: ModelState[]): void {
    const system = this.#system;
    const { spinning } = state;
    if (spinning !== undefined && !this.#mayGoOnSpinning(state)) {
      // An unbounded loop: waiting for a change, which is explored too, is all that it can do.
      spinning.since.spinsForEver = true;
      if (!spinning.alone) return;
      const why = state.interrupted < 0 ? "" : `, after ${system.names[state.interrupted]!} was interrupted`;
      throw new ScenarioFailure(`${system.names[spinning.thread]!} waits for ever${why}`, state.trace);
    }
    const actions = possibleActions(system, state);
    if (actions.length === 0) {
      this.#ends++;
      this.#judge.end(state);
      return;
    }
    // Popped last in, first out: the thread that moved last goes on first, for few context switches in a trace.
    const last = state.trace?.thread ?? 0;
    const ordered = [
      ...actions.filter(({ thread }) => thread !== last).reverse(),
      ...actions.filter(({ thread }) => thread === last).reverse(),
    ];
    for (const action of ordered) {
      const next = this.#take(state, action, true);
      if (next.interruptionsLeft > 0) this.#pushInterrupted(stack, next, action.thread, action.thread + 1);
      stack.push(next);
    }
  }

  /** A kill commutes with the others' steps, so that right after each step of its own thread is often enough. */
  #pushInterrupted(stack: ModelState[], state: ModelState, from: number, to: number): void {
    for (let thread = from; thread < to; thread++) {
      if (this.#system.interruptible[thread] === true) stack.push(interrupt(this.#system, state, thread));
    }
  }
}
