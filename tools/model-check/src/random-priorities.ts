import { UNDECIDED } from "./explore.ts";
import { Judge } from "./judge.ts";
import type { Action, ModelState } from "./model-state.ts";
import { ScenarioFailure } from "./model-system.ts";
import type { ModelSystem } from "./model-system.ts";
import { possibleActions } from "./possible-actions.ts";
import { TimeLimit } from "./processor-time.ts";
import { interrupt, takeAction } from "./transition.ts";
import type { PctOptions } from "./scenario.ts";

/**
 * Seeded executions under random priorities with `depth - 1` changes at random steps: PCT (Burckhardt et al., ASPLOS
 * 2010). A bug that needs `depth` ordering constraints among n threads and k steps is hit by one execution with
 * probability at least 1 / (n k^(depth-1)). Plain loads and flushes choose at random.
 */
export function runPct(
  system: ModelSystem,
  { runs, seed, depth = 3 }: PctOptions,
): { states: number; ends: number; steps: number } {
  const judge = new Judge(system);
  const random = randomNumbers(seed);
  const limit = new TimeLimit(system.scenario.limits?.milliseconds ?? Infinity);
  let steps = 0;
  let longest = 50;
  const histories = [...system.threads, ...system.supervisors];
  for (const history of histories) history.recordsFootprints = false;
  for (let run = 0; run < runs; run++) {
    if (run % RUNS_REMEMBERED === 0) for (const history of histories) history.forget();
    const taken = runOnce(system, judge, random, depth, longest, limit);
    longest = Math.max(longest, taken);
    steps += taken;
  }
  return { states: runs, ends: runs, steps };
}

/** Histories seldom repeat from run to run: keeping them all would only fill the heap. */
const RUNS_REMEMBERED = 100;

function runOnce(
  system: ModelSystem,
  judge: Judge,
  random: () => number,
  depth: number,
  length: number,
  limit: TimeLimit,
): number {
  let state = system.initial();
  const priorities = system.names.map(() => 1 + random());
  const changes = new Set(Array.from({ length: depth - 1 }, () => Math.floor(random() * length)));
  const interruptAt = state.interruptionsLeft > 0 ? Math.floor(random() * length) : -1;
  const maxPauses = system.scenario.limits?.pauses ?? 1_000;
  const maxSteps = 10 * system.stepsOfAThread * system.names.length;
  for (let step = 0; ; step++) {
    if (limit.isOver()) throw new ScenarioFailure(`out of time: ${UNDECIDED}`, undefined);
    const actions = possibleActions(system, state);
    if (actions.length === 0) {
      judge.end(state);
      return step;
    }
    if (state.spinning !== undefined && state.spinning.pauses > maxPauses)
      return spunOut(system, state, step);
    if (step > maxSteps) throw new ScenarioFailure(`no end after ${maxSteps} steps`, state.trace);
    const thread = actions.reduce(
      (best, action) => (priorities[action.thread]! > priorities[best]! ? action.thread : best),
      actions[0]!.thread,
    );
    if (changes.has(step)) priorities[thread] = -step;
    state = takeAction(system, state, choose(actions, thread, random), true);
    if (step >= interruptAt && interruptAt >= 0 && canInterrupt(system, state, thread))
      state = interrupt(system, state, thread);
  }
}

/** An execution in which a thread would spin for ever: a deadlock if nobody else could move, else given up. */
function spunOut(system: ModelSystem, state: ModelState, step: number): number {
  const { thread, alone } = state.spinning!;
  if (!alone) return step;
  throw new ScenarioFailure(`${system.names[thread]!} waits for ever`, state.trace);
}

function canInterrupt(system: ModelSystem, state: ModelState, thread: number): boolean {
  return state.interruptionsLeft > 0 && system.interruptible[thread] === true;
}

function choose(actions: readonly Action[], thread: number, random: () => number): Action {
  const own = actions.filter((action) => action.thread === thread);
  return own[Math.floor(random() * own.length)]!;
}

function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
