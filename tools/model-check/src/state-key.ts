import { EndKeys } from "./end-keys.ts";
import { ANY_BIT, Footprint } from "./footprint.ts";
import type { HistoryNode } from "./history-node.ts";
import type { Judge } from "./judge.ts";
import { memoryKey } from "./memory-key.ts";
import type { Peeker } from "./memory-key.ts";
import { returnedCalls } from "./model-state.ts";
import type { ModelState } from "./model-state.ts";
import type { ModelSystem } from "./model-system.ts";
import type { Reductions } from "./reductions.ts";

/** Names states: two with the same name have the same future, so that one visit is enough. */
export class StateKeys {
  readonly #system: ModelSystem;
  readonly #judge: Judge;
  readonly #reductions: Reductions;
  readonly #endKeys = new EndKeys();

  constructor(system: ModelSystem, judge: Judge, reductions: Reductions) {
    this.#system = system;
    this.#judge = judge;
    this.#reductions = reductions;
  }

  of(state: ModelState): string {
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
      futures.push(...this.#reductions.futuresOf(state, thread));
      if (status !== "dormant") {
        if (status !== "starting") peekers.push({ thread, loads: node.futureLoads, peeks: node.futurePeeks });
        if (state.changed[thread]! && this.#reductions.mayPause(node)) text += "!";
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
    return `${text}#${memoryKey(memory, state.memory, live, peekers)}`;
  }
}
