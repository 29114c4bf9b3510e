import type { AttachStep } from "./attach-steps.ts";
import { HistoryNode } from "./history-node.ts";
import type { BodyOutcome } from "./history-node.ts";
import type { RecordedCall } from "./linearizability.ts";
import type { LocationTable } from "./location-table.ts";
import { memoryHooks } from "./memory-hooks.ts";
import type { AccessSink, WaitResult } from "./memory-hooks.ts";
import { givesResult, sameOperation } from "./operation.ts";
import type { AccessKind, Operation, OperationKind, StepResult } from "./operation.ts";
import type { Call } from "./scenario.ts";
import { resetEnvironment } from "./environment.ts";
import { recordFootprint } from "./future-footprint.ts";

/** Guesses what a step would give if its thread ran on alone; undefined ends the run ahead. */
export interface SoloRun {
  /** False where the guess must end: the thread would block. */
  perform(operation: Operation): { readonly result: StepResult } | undefined;
}

/** Raised inside a body to stop it at its next step. `finally` blocks that it passes must not reach memory. */
class Suspension extends Error {}

/** The body did something else than the last time it was given the same results. */
export class NondeterministicThread extends Error {}

export interface ThreadHistoryOptions {
  readonly name: string;
  readonly attach: () => unknown;
  readonly attachSteps: readonly AttachStep[];
  readonly run: (local: unknown, call: Call) => unknown;
  readonly locations: LocationTable;
  readonly onPlainRead: (location: number) => void;
  readonly onLoad: (location: number) => void;
  readonly nextId: () => number;
}

/** One thread's tree of histories, and the replays that grow it. */
export class ThreadHistory implements AccessSink {
  readonly root: HistoryNode;
  readonly name: string;
  /** Set when a footprint grew that a reduction had relied on. */
  invalidated = false;
  /** Off where nothing is reduced: then nobody asks what a thread may still do, except whether it pauses. */
  recordsFootprints = true;
  replays = 0;
  readonly #body: (call: Call) => unknown;
  readonly #attach: readonly AttachStep[];
  readonly #locations: LocationTable;
  readonly #nextId: () => number;
  #path: HistoryNode[] = [];
  #attached = 0;
  #position = 0;
  #frontier: HistoryNode;
  #solo: SoloRun | undefined;
  #stopped = false;
  #failure: Error | undefined;
  #calls: readonly RecordedCall[] = [];
  #ended = 0;
  #inCall = false;
  #accessesAfterStop = 0;

  readonly #options: ThreadHistoryOptions;

  constructor(options: ThreadHistoryOptions) {
    this.#options = options;
    this.name = options.name;
    this.#body = (call) => options.run(options.attach(), call);
    this.#attach = options.attachSteps;
    this.#locations = options.locations;
    this.#nextId = options.nextId;
    this.root = new HistoryNode(this.#nextId(), undefined, undefined);
    this.#frontier = this.root;
  }

  /** A thread that attaches in the same way and then does something else. */
  sibling(run: (local: unknown, call: Call) => unknown): ThreadHistory {
    return new ThreadHistory({ ...this.#options, run });
  }

  /** Lets all histories but the first node go: they are found again where they are needed. */
  forget(): void {
    this.root.forget();
  }

  /** The node after `result` was given to `node`'s step. */
  advance(node: HistoryNode, result: StepResult, solo: () => SoloRun): HistoryNode {
    const child = node.child(result) ?? node.addChild(this.#nextId(), result);
    if (!child.known) this.resolve(child, solo());
    return child;
  }

  /** Runs the body against the results that lead to `node`, until it asks for one more. */
  resolve(node: HistoryNode, solo: SoloRun): void {
    this.replays++;
    const path: HistoryNode[] = [];
    for (let step: HistoryNode | undefined = node; step !== undefined; step = step.parent) path.push(step);
    this.#path = path.reverse();
    this.#attached = 0;
    this.#position = 0;
    this.#frontier = node;
    this.#solo = solo;
    this.#stopped = false;
    this.#failure = undefined;
    this.#calls = [];
    this.#ended = 0;
    this.#inCall = false;
    this.#accessesAfterStop = 0;
    resetEnvironment();
    let outcome: BodyOutcome;
    try {
      outcome = { value: memoryHooks.through(this, () => this.#body(this.#call)) };
    } catch (error) {
      outcome = { error };
    }
    this.#throwFailure();
    if (this.#isStopped()) return;
    if (this.#position < node.depth || this.#attached < this.#attach.length) {
      throw new NondeterministicThread(`thread ${this.name} ended earlier than the last time`);
    }
    this.#snapshotCalls();
    this.#frontier.outcome = outcome;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  readonly #call: Call = (name, args, operation) => {
    if (this.#inCall) return operation();
    this.#inCall = true;
    const index = this.#calls.length;
    const begun: RecordedCall = { thread: this.name, name, args, result: undefined, pending: true };
    this.#calls = [...this.#calls, begun];
    try {
      const result = operation();
      this.#end(index, { ...begun, result, pending: false });
      return result;
    } catch (error) {
      const thrown = error instanceof Error ? error.constructor.name : String(error);
      this.#end(index, { ...begun, thrown, pending: false });
      throw error;
    }
  };

  #end(index: number, call: RecordedCall): void {
    if (this.#stopped) return;
    this.#calls = this.#calls.with(index, call);
    this.#ended++;
    this.#inCall = false;
  }

  #snapshotCalls(): void {
    this.#frontier.calls = this.#calls;
    this.#frontier.ended = this.#ended;
  }

  access(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    bytes: 1 | 2 | 4,
    operand: number,
    expected: number,
  ): number {
    if (this.#attached < this.#attach.length) return this.#replayAttach(kind, byteOffset) as number;
    const location = this.#locations.idOf(buffer, byteOffset);
    const shift = (byteOffset & 3) * 8;
    return this.#step({ kind, location, high: -1, bytes, shift, operand, expected }) as number;
  }

  access64(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    operand: bigint,
    expected: bigint,
  ): bigint {
    if (this.#attached < this.#attach.length) return this.#replayAttach(kind, byteOffset) as bigint;
    const location = this.#locations.idOf(buffer, byteOffset);
    const high = this.#locations.idOf(buffer, byteOffset + 4);
    return this.#step({ kind, location, high, bytes: 8, shift: 0, operand, expected }) as bigint;
  }

  fence(): void {
    if (this.#attached < this.#attach.length) this.#replayAttach("fence", -1);
    else this.#step(unplaced("fence"));
  }

  pause(): void {
    if (this.#attached < this.#attach.length) this.#replayAttach("pause", -1);
    else this.#step(unplaced("pause"));
  }

  wait(buffer: ArrayBufferLike, byteOffset: number, expected: number, timeoutMs: number): WaitResult {
    if (this.#attached < this.#attach.length) return this.#replayAttach("wait", byteOffset) as WaitResult;
    const location = this.#locations.idOf(buffer, byteOffset);
    const operand = timeoutMs;
    return this.#step({
      kind: "wait",
      location,
      high: -1,
      bytes: 4,
      shift: 0,
      operand,
      expected,
    }) as WaitResult;
  }

  notify(buffer: ArrayBufferLike, byteOffset: number, count: number): number {
    if (this.#attached < this.#attach.length) return this.#replayAttach("notify", byteOffset) as number;
    const location = this.#locations.idOf(buffer, byteOffset);
    const operand = count;
    return this.#step({
      kind: "notify",
      location,
      high: -1,
      bytes: 4,
      shift: 0,
      operand,
      expected: 0,
    }) as number;
  }

  #replayAttach(kind: OperationKind, byteOffset: number): StepResult {
    const step = this.#attach[this.#attached++]!;
    if (step.kind !== kind || (byteOffset >= 0 && step.byteOffset !== byteOffset)) {
      this.#fail(
        `thread ${this.name} attached differently: ${kind} at ${byteOffset}, before ${step.kind} at ${step.byteOffset}`,
      );
    }
    return step.result;
  }

  #step(operation: Operation): StepResult {
    if (this.#stopped) {
      // A `finally` or `using` that runs while the suspension passes: its accesses are not this execution's.
      if (++this.#accessesAfterStop > 100_000) endProcess(this.name);
      throw new Suspension();
    }
    if (this.#position + 1 < this.#path.length) {
      const node = this.#path[this.#position]!;
      if (!sameOperation(node.operation!, operation)) {
        this.#fail(
          `thread ${this.name} is not deterministic: ${operation.kind} where it did ${node.operation!.kind} before`,
        );
      }
      return this.#path[++this.#position]!.result;
    }
    const node = this.#frontier;
    node.operation = operation;
    this.#snapshotCalls();
    if (recordFootprint(node, operation, this.#options, this.recordsFootprints)) this.invalidated = true;
    const guess = this.#solo?.perform(operation);
    if (guess === undefined) {
      this.#stopped = true;
      throw new Suspension();
    }
    const result = givesResult(operation) ? guess.result : undefined;
    this.#frontier = node.addChild(this.#nextId(), result);
    return result;
  }

  #fail(message: string): never {
    this.#failure = new NondeterministicThread(message);
    this.#stopped = true;
    throw this.#failure;
  }
}

/** A loop that catches everything cannot be left by throwing. */
function endProcess(name: string): never {
  process.stderr.write(`thread ${name} cannot be suspended: it catches every error and goes on\n`);
  process.exit(70);
}

function unplaced(kind: "fence" | "pause"): Operation {
  return { kind, location: -1, high: -1, bytes: 4, shift: 0, operand: 0, expected: 0 };
}
