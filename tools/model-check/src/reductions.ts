import { bitLocation, FENCE_BIT, locationBit, PAUSE_BIT } from "./footprint.ts";
import type { HistoryNode } from "./history-node.ts";
import type { Judge } from "./judge.ts";
import { isOvertakenAt } from "./memory-state.ts";
import type { Action, ModelState } from "./model-state.ts";
import type { ModelSystem } from "./model-system.ts";
import type { Operation } from "./operation.ts";
import { threadActions } from "./possible-actions.ts";

/**
 * Which steps need no other order than the one in which they come: those that commute with everything that the other
 * threads may still do. Each answer is noted where it came from (`relied…`), so that it is known when it does not hold
 * any more.
 */
export class Reductions {
  readonly #system: ModelSystem;
  readonly #judge: Judge;
  readonly #constantReads = new Map<HistoryNode, boolean>();
  readonly #supervisorRoots: readonly HistoryNode[];

  constructor(system: ModelSystem, judge: Judge) {
    this.#system = system;
    this.#judge = judge;
    this.#supervisorRoots = system.supervisors.map(({ root }) => root);
  }

  /** A step that may be taken alone: the thread that moved last first, so that its run goes on. */
  commuting(state: ModelState): Action | undefined {
    const last = state.trace?.thread ?? 0;
    for (let turn = 0; turn < state.nodes.length; turn++) {
      const thread = (last + turn) % state.nodes.length;
      const node = state.nodes[thread]!;
      if (node.operation === undefined || state.status[thread] !== "ready") continue;
      if (this.#readsConstants(node) && !this.#settles(state, thread, node))
        return { kind: "step", thread, choice: 0, flushes: [] };
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

  /** Whether the step makes an earlier atomic write of its thread visible, which its plain stores may have overtaken. */
  #settles({ memory }: ModelState, thread: number, node: HistoryNode): boolean {
    const write = memory.overtaken[thread];
    if (write === undefined || node.operation!.kind === "peek") return false;
    return write.passed || memory.buffers[thread]!.length > 0;
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
    const { overtaken } = state.memory;
    if (kind !== "peek" && this.#settles(state, thread, node)) {
      const { location, high } = overtaken[thread]!;
      writes = [...writes, locationBit(location), ...(high < 0 ? [] : [locationBit(high)])];
    }
    if (
      overtaken.some((_, other) => other !== thread && isOvertakenAt(state.memory, other, node.operation!))
    ) {
      writes = [...writes, ...reads.filter((bit) => bit !== FENCE_BIT)];
    }
    if (state.interruptionsLeft > 0 && writes.some((bit) => this.#judge.looksAt(bit))) return false;
    for (let other = 0; other < state.nodes.length; other++) {
      if (other === thread) continue;
      if (reads.some((bit) => this.#isBuffered(state, other, bit))) return false;
      if (writes.some((bit) => this.#isBuffered(state, other, bit))) return false;
      for (const future of this.futuresOf(state, other))
        if (this.#collides(future, reads, writes)) return false;
    }
    for (let other = 0; other < state.nodes.length; other++) {
      if (other === thread) continue;
      for (const future of this.futuresOf(state, other)) relyOnAbsence(future, reads, writes);
    }
    return true;
  }

  #collides(node: HistoryNode, reads: readonly number[], writes: readonly number[]): boolean {
    for (const bit of writes) if (mayTouch(node, bit) || this.#isWatched(node, bit)) return true;
    for (const bit of reads) if (node.futureWrites.has(bit)) return true;
    return false;
  }

  /** Where the thread may go on from: nowhere, from its node, or (a supervisor) from the beginning of either history. */
  futuresOf(state: ModelState, thread: number): readonly HistoryNode[] {
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
    return this.mayPause(node) && node.window().has(bitLocation(bit));
  }

  /** Whether anybody, the supervisor and `check` included, may look at what the step wrote. */
  mayBeSeen(state: ModelState, { location, high }: Operation): boolean {
    const bits = [location, high].filter((word) => word >= 0).map(locationBit);
    if (bits.some((bit) => this.#judge.looksAt(bit))) return true;
    const futures = state.nodes.flatMap((_, other) =>
      other === state.trace!.thread ? [] : this.futuresOf(state, other),
    );
    if (futures.some((node) => bits.some((bit) => mayTouch(node, bit)))) return true;
    for (const node of futures) relyOnAbsence(node, [], bits);
    return false;
  }

  /** Whether the thread may still pause: then what its loop looks at matters. */
  mayPause(node: HistoryNode): boolean {
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
