import { returnedCalls } from "./model-state.ts";
import type { Action, ModelState } from "./model-state.ts";
import { ScenarioFailure } from "./model-system.ts";
import type { ModelSystem } from "./model-system.ts";
import { possibleActions, threadActions } from "./possible-actions.ts";
import { interrupt, takeAction } from "./transition.ts";
import { EndKeys } from "./end-keys.ts";
import type { Peeker } from "./weak-memory.ts";
import { Judge } from "./judge.ts";
import { processorMs } from "./processor-time.ts";
import type { Operation } from "./operation.ts";
import { ANY_BIT, bitLocation, FENCE_BIT, Footprint, locationBit, PAUSE_BIT } from "./footprint.ts";
import type { HistoryNode } from "./thread-history.ts";

/** What an exploration counted. */
export interface Exploration {
  readonly states: number;
  readonly steps: number;
  readonly ends: number;
  /** How often it started again because a reduction's ground had changed. */
  readonly passes: number;
}

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
  const deadline = processorMs() + (system.scenario.limits?.milliseconds ?? 120_000);
  let passes = 0;
  for (;;) {
    const pass = new Pass(system, deadline, PATIENCE << Math.min(passes, 20));
    const counted = pass.run();
    passes++;
    if (counted !== undefined) return { ...counted, passes };
    if (passes > 200) throw new ScenarioFailure("the exploration does not settle", undefined);
  }
}

class Pass {
  readonly #system: ModelSystem;
  readonly #judge: Judge;
  readonly #deadline: number;
  /** How many states it goes through to learn, although it is known that it must be done again. */
  readonly #patience: number;
  readonly #maxStates: number;
  readonly #maxPauses: number;
  readonly #seen = new Set<string>();
  readonly #endKeys = new EndKeys();
  readonly #constantReads = new Map<HistoryNode, boolean>();
  readonly #supervisorRoots: readonly HistoryNode[];
  #steps = 0;
  #ends = 0;

  constructor(system: ModelSystem, deadline: number, patience: number) {
    this.#system = system;
    this.#judge = new Judge(system);
    this.#deadline = deadline;
    this.#patience = patience;
    this.#supervisorRoots = system.supervisors.map(({ root }) => root);
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
      const key = this.#key(state);
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (this.#seen.size > this.#maxStates) {
        throw new ScenarioFailure(`more than ${this.#maxStates} states: not checked exhaustively`, undefined);
      }
      if ((this.#seen.size & 255) === 0 && processorMs() > this.#deadline) {
        throw new ScenarioFailure(
          `out of time after ${this.#seen.size} states: not checked exhaustively`,
          undefined,
        );
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
      const action = this.#commuting(state);
      if (action === undefined) return state;
      state = this.#take(state, action, false);
      if (
        state.interruptionsLeft > 0 &&
        state.trace?.operation?.kind === "poke" &&
        this.#mayBeSeen(state, state.trace.operation)
      ) {
        this.#pushInterrupted(stack, state, action.thread, action.thread + 1);
      }
    }
  }

  /** Whether anybody, the supervisor and `check` included, may look at what the step wrote. */
  #mayBeSeen(state: ModelState, { location, high }: Operation): boolean {
    const bits = [location, high].filter((word) => word >= 0).map(locationBit);
    if (bits.some((bit) => this.#judge.looksAt(bit))) return true;
    const futures = state.nodes.flatMap((_, other) =>
      other === state.trace!.thread ? [] : this.#futuresOf(state, other),
    );
    if (futures.some((node) => bits.some((bit) => mayTouch(node, bit)))) return true;
    for (const node of futures) relyOnAbsence(node, [], bits);
    return false;
  }

  #mayGoOnSpinning({ spinning }: ModelState): boolean {
    return spinning!.pauses <= this.#maxPauses;
  }

  #take(state: ModelState, action: Action, branching: boolean): ModelState {
    this.#steps++;
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

  /** A step that may be taken alone: the thread that moved last first, so that its run goes on. */
  #commuting(state: ModelState): Action | undefined {
    const last = state.trace?.thread ?? 0;
    for (let turn = 0; turn < state.nodes.length; turn++) {
      const thread = (last + turn) % state.nodes.length;
      const node = state.nodes[thread]!;
      if (node.operation === undefined || state.status[thread] !== "ready") continue;
      if (this.#readsConstants(node)) return { kind: "step", thread, choice: 0, flushes: [] };
      if (!this.#commutes(state, thread, node)) continue;
      const [action, more] = threadActions(this.#system, state, thread);
      if (action?.kind === "step" && more === undefined) return action;
    }
    return undefined;
  }

  /** Whether the step reads only what no thread ever writes, as far as the histories go: most steps do. */
  #readsConstants(node: HistoryNode): boolean {
    const known = this.#constantReads.get(node);
    if (known !== undefined) return known;
    const { kind } = node.operation!;
    const { reads } = node.touched();
    const roots = [...this.#system.threads, ...this.#system.supervisors].map(({ root }) => root);
    const written = reads.some((bit) => roots.some((root) => root.futureWrites.has(bit)));
    const constant = (kind === "peek" || kind === "load") && !written;
    if (constant) for (const root of roots) relyOnAbsence(root, reads, []);
    this.#constantReads.set(node, constant);
    return constant;
  }

  #commutes(state: ModelState, thread: number, node: HistoryNode): boolean {
    const { kind } = node.operation!;
    // It goes to the thread's own buffer: when it becomes visible is decided where somebody looks.
    if (kind === "poke") return true;
    if (kind === "pause" || kind === "wait" || kind === "notify") return false;
    let { reads, writes } = node.touched();
    const released = writes.length > 0 ? this.#system.memory.bufferedLocations(state.memory, thread) : [];
    if (released.length > 0) {
      reads = [...reads, FENCE_BIT];
      writes = [...writes, ...released.map(locationBit)];
    }
    if (state.interruptionsLeft > 0 && writes.some((bit) => this.#judge.looksAt(bit))) return false;
    for (let other = 0; other < state.nodes.length; other++) {
      if (other === thread) continue;
      if (reads.some((bit) => this.#isBuffered(state, other, bit))) return false;
      if (writes.some((bit) => this.#isBuffered(state, other, bit))) return false;
      for (const future of this.#futuresOf(state, other))
        if (this.#collides(future, reads, writes)) return false;
    }
    for (let other = 0; other < state.nodes.length; other++) {
      if (other === thread) continue;
      for (const future of this.#futuresOf(state, other)) relyOnAbsence(future, reads, writes);
    }
    return true;
  }

  #collides(node: HistoryNode, reads: readonly number[], writes: readonly number[]): boolean {
    for (const bit of writes) if (mayTouch(node, bit) || this.#isWatched(node, bit)) return true;
    for (const bit of reads) if (node.futureWrites.has(bit)) return true;
    return false;
  }

  /** Where the thread may go on from: nowhere, from its node, or (a supervisor) from the beginning of either history. */
  #futuresOf(state: ModelState, thread: number): readonly HistoryNode[] {
    const status = state.status[thread]!;
    if (status === "gone") return NOWHERE;
    if (status !== "dormant") return [state.nodes[thread]!];
    return state.interruptionsLeft > 0 ? this.#supervisorRoots : NOWHERE;
  }

  #isBuffered({ memory }: ModelState, thread: number, bit: number): boolean {
    return memory.buffers[thread]!.some(
      ({ operation: { location, high } }) =>
        locationBit(location) === bit || (high >= 0 && locationBit(high) === bit),
    );
  }

  /** A spin loop that has looked at the word wakes when it changes. */
  #isWatched(node: HistoryNode, bit: number): boolean {
    return this.#mayPause(node) && node.window().has(bitLocation(bit));
  }

  #key(state: ModelState): string {
    const { memory, model } = this.#system;
    const peekers: Peeker[] = [];
    const live = new Footprint();
    const futures: HistoryNode[] = [];
    let text = `${state.interruptionsLeft}${state.interrupted}`;
    for (let thread = 0; thread < state.nodes.length; thread++) {
      const node = state.nodes[thread]!;
      const status = state.status[thread]!;
      const over = status === "gone" || node.outcome !== undefined;
      text += ` ${over ? this.#endKeys.of(node, status === "gone", model !== undefined) : node.id}${status[0]!}`;
      if (over) continue;
      futures.push(...this.#futuresOf(state, thread));
      if (status !== "dormant") {
        if (status !== "starting") peekers.push({ thread, loads: node.futureLoads, peeks: node.futurePeeks });
        if (state.changed[thread]! && this.#mayPause(node)) text += "!";
      }
    }
    for (const node of futures) live.addAll(node.futureReads);
    this.#judge.addLive(live);
    for (const { reliedReads, reliedPeeks, futurePeeks, reliedLoads, futureLoads } of futures) {
      reliedLoads.addDifference(state.memory.written, futureLoads);
      if (!futurePeeks.has(ANY_BIT)) reliedPeeks.add(ANY_BIT);
      reliedReads.addDifference(state.memory.written, live);
      reliedPeeks.addDifference(state.memory.written, futurePeeks);
    }
    this.#judge.relyOnDeath(state.memory.written, live);
    if (state.waiters.length > 0) text += `w${state.waiters.join()}`;
    if (state.spinning !== undefined) text += `s${state.spinning.thread}.${state.spinning.pauses}`;
    if (model !== undefined) text += `h${returnedCalls(state)}:${state.precededBy.join(";")}`;
    return `${text}#${memory.key(state.memory, live, peekers)}`;
  }

  #mayPause(node: HistoryNode): boolean {
    if (node.futureReads.has(PAUSE_BIT)) return true;
    node.reliedReads.add(PAUSE_BIT);
    return false;
  }
}

const NOWHERE: readonly HistoryNode[] = [];

function relyOnAbsence(node: HistoryNode, reads: readonly number[], writes: readonly number[]): void {
  for (const bit of writes) {
    node.reliedReads.add(bit);
    node.reliedWrites.add(bit);
  }
  for (const bit of reads) node.reliedWrites.add(bit);
}

function mayTouch(node: HistoryNode, bit: number): boolean {
  return node.futureReads.has(bit) || node.futureWrites.has(bit);
}
