import { DirectMemory } from "./direct-memory.ts";
import { isLinearizable } from "./linearizability.ts";
import type { HistoryEntry, RecordedCall } from "./linearizability.ts";
import { memoryHooks } from "./memory-hooks.ts";
import { callBit } from "./model-state.ts";
import type { ModelState } from "./model-state.ts";
import { ScenarioFailure } from "./model-system.ts";
import type { ModelSystem } from "./model-system.ts";
import type { Call } from "./scenario.ts";
import { Footprint, locationBit } from "./footprint.ts";
import { resetEnvironment } from "./environment.ts";

/** Says whether the end of an execution is right: nobody stuck, nothing thrown, linearizable, and the scenario's check. */
export class Judge {
  readonly #system: ModelSystem;
  readonly #seen = new Set<string>();
  readonly #looked = new Footprint();
  readonly #relied = new Footprint();
  /** `check` looked at a word that a reduction took for private. */
  invalidated = false;

  constructor(system: ModelSystem) {
    this.#system = system;
    this.#looked = system.looked;
  }

  /** The words that `check` looks at are live. Those that are stored to and are not live must stay unlooked at. */
  addLive(live: Footprint): void {
    live.addAll(this.#looked);
  }

  relyOnDeath(written: readonly number[], live: Footprint): void {
    this.#relied.addDifference(written, live);
  }

  /** Whether `check` looks at what this bit of a footprint stands for. */
  looksAt(bit: number): boolean {
    if (this.#looked.has(bit)) return true;
    this.#relied.add(bit);
    return false;
  }

  /** @throws ScenarioFailure */
  end(state: ModelState): void {
    const system = this.#system;
    for (let thread = 0; thread < state.nodes.length; thread++) {
      const { outcome } = state.nodes[thread]!;
      if (outcome !== undefined && "error" in outcome && state.status[thread] !== "gone") {
        const { error } = outcome;
        throw new ScenarioFailure(`${system.names[thread]!} threw ${describeError(error)}`, state.trace);
      }
    }
    const stuck = state.nodes.findIndex((_, thread) => !system.isSettled(state, thread));
    if (stuck >= 0) {
      const why = state.interrupted < 0 ? "" : `, after ${system.names[state.interrupted]!} was interrupted`;
      throw new ScenarioFailure(`${system.names[stuck]!} waits for ever${why}`, state.trace);
    }
    const { scenario, model } = system;
    if (model === undefined && scenario.check === undefined) return;
    const history = this.#history(state);
    const results = this.#results(state);
    const key = JSON.stringify([history, [...results], state.interrupted, state.memory.values], withBigints);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const after = this.#check(state, results);
    if (model === undefined) return;
    const all = history.reduce((mask, { call }, index) => (call.pending ? mask : mask | (1 << index)), 0);
    const whole = [...history];
    for (const call of after) {
      whole.push({ call, precededBy: all | (((1 << whole.length) - 1) & ~((1 << history.length) - 1)) });
    }
    if (!isLinearizable(whole, model)) {
      throw new ScenarioFailure(`not linearizable: ${describeHistory(whole)}`, state.trace);
    }
  }

  #check(state: ModelState, results: ReadonlyMap<string, unknown>): readonly RecordedCall[] {
    const system = this.#system;
    const { scenario } = system;
    const calls: RecordedCall[] = [];
    if (scenario.check === undefined) return calls;
    const call: Call = (name, args, operation) => {
      const result = operation();
      calls.push({ thread: "check", name, args, result, pending: false });
      return result;
    };
    const memory = new DirectMemory((buffer, byteOffset) => this.#look(buffer, byteOffset));
    system.locations.write(state.memory.values);
    const interrupted = system.names[state.interrupted];
    resetEnvironment();
    let fault: string | undefined;
    try {
      fault = memoryHooks.through(memory, () =>
        scenario.check!({ shared: system.shared, results, interrupted }, call),
      );
    } catch (error) {
      fault = `check threw ${describeError(error)}`;
    }
    memory.undo();
    system.locations.write([]);
    if (fault !== undefined) throw new ScenarioFailure(fault, state.trace);
    return calls;
  }

  #look(buffer: ArrayBufferLike, byteOffset: number): void {
    const bit = locationBit(this.#system.locations.idOf(buffer, byteOffset));
    if (this.#looked.add(bit) && this.#relied.has(bit)) this.invalidated = true;
  }

  #results(state: ModelState): ReadonlyMap<string, unknown> {
    const results = new Map<string, unknown>();
    state.nodes.forEach(({ outcome }, thread) => {
      if (outcome !== undefined && "value" in outcome && state.status[thread] === "ready") {
        results.set(this.#system.names[thread]!, outcome.value);
      }
    });
    return results;
  }

  /** The recorded calls; a call's predecessors are renumbered from the state's sparse mask to the list's order. */
  #history(state: ModelState): readonly HistoryEntry[] {
    const calls: { call: RecordedCall; bit: number; precededBy: number }[] = [];
    if (this.#system.model === undefined) return [];
    state.nodes.forEach((node, thread) => {
      node.calls.forEach((call, index) => {
        calls.push({ call, bit: callBit(thread, index), precededBy: state.precededBy[thread]![index] ?? 0 });
      });
    });
    return calls.map(({ call, precededBy }) => ({
      call,
      precededBy: calls.reduce((mask, { bit }, index) => (precededBy & bit ? mask | (1 << index) : mask), 0),
    }));
  }
}

const withBigints = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? `${value}n` : value;

function describeError(error: unknown): string {
  return error instanceof Error
    ? (error.stack ?? error.message).split("\n").slice(0, 4).join("\n    ")
    : String(error);
}

function describeHistory(history: readonly HistoryEntry[]): string {
  const lines = history.map(({ call, precededBy }, index) => {
    const before = history.flatMap((_, other) => (precededBy & (1 << other) ? [`#${other}`] : []));
    const gave = call.pending
      ? "(unfinished)"
      : call.thrown === undefined
        ? JSON.stringify(call.result, withBigints)
        : `throws ${call.thrown}`;
    const after = before.length > 0 ? ` after ${before.join(", ")}` : "";
    return `\n    #${index} ${call.thread}: ${call.name}(${call.args.map((arg) => JSON.stringify(arg, withBigints)).join(", ")}) -> ${gave}${after}`;
  });
  return lines.join("");
}
