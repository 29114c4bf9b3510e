import { FENCE_BIT, Footprint, locationBit } from "./footprint.ts";
import type { RecordedCall } from "./linearizability.ts";
import { writes } from "./operation.ts";
import type { Operation, StepResult } from "./operation.ts";

/** How a thread's body ended. */
export type BodyOutcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * What one thread knows after the results it has been given so far: which step it takes next, or how it ended.
 * A deterministic body is a tree of these; each is found once, by running the body against its results.
 */
export class HistoryNode {
  operation: Operation | undefined;
  outcome: BodyOutcome | undefined;
  calls: readonly RecordedCall[] = [];
  /** How many of `calls` have returned. */
  ended = 0;
  /** What this thread may still read and write from here on, as far as known: grows while its subtree is found. */
  readonly futureReads: Footprint = new Footprint();
  readonly futureWrites: Footprint = new Footprint();
  /** The plain ones among the reads. */
  readonly futurePeeks: Footprint = new Footprint();
  /** The atomic loads among the reads. */
  readonly futureLoads: Footprint = new Footprint();
  /** Bits whose absence above a reduction was based on: when one appears, the exploration starts again. */
  readonly reliedReads: Footprint = new Footprint();
  readonly reliedWrites: Footprint = new Footprint();
  readonly reliedPeeks: Footprint = new Footprint();
  readonly reliedLoads: Footprint = new Footprint();
  readonly id: number;
  readonly parent: HistoryNode | undefined;
  readonly result: StepResult;
  readonly depth: number;
  /** Steps since the last pause: a loop without one, or a body that does not end, shows here. */
  readonly stepsSincePause: number;
  /** A spin loop here was followed for `limits.pauses` turns without leaving it. */
  spinsForEver = false;
  #only: HistoryNode | undefined;
  #children: Map<StepResult, HistoryNode> | undefined;

  constructor(id: number, parent: HistoryNode | undefined, result: StepResult) {
    this.id = id;
    this.parent = parent;
    this.result = result;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.stepsSincePause =
      parent === undefined || parent.operation?.kind === "pause" ? 0 : parent.stepsSincePause + 1;
  }

  get known(): boolean {
    return this.operation !== undefined || this.outcome !== undefined;
  }

  child(result: StepResult): HistoryNode | undefined {
    return result === undefined ? this.#only : this.#children?.get(result);
  }

  forget(): void {
    this.#only = undefined;
    this.#children = undefined;
  }

  addChild(id: number, result: StepResult): HistoryNode {
    const child = new HistoryNode(id, this, result);
    if (result === undefined) this.#only = child;
    else (this.#children ??= new Map()).set(result, child);
    return child;
  }

  /** The locations touched since this thread's last pause: what a spin loop looks at. */
  window(): ReadonlySet<number> {
    return (this.#window ??= this.#collectWindow());
  }
  #window: ReadonlySet<number> | undefined;

  /** The bits of what the next step reads, and of what it writes. A fence writes, as it were, to all other fences. */
  touched(): Touched {
    return (this.#touched ??= touchedBy(this.operation!));
  }
  #touched: Touched | undefined;

  #collectWindow(): ReadonlySet<number> {
    const locations = new Set<number>();
    for (let node = this.parent; node?.operation !== undefined; node = node.parent) {
      if (node.operation.kind === "pause") break;
      if (node.operation.location >= 0) locations.add(node.operation.location);
      if (node.operation.high >= 0) locations.add(node.operation.high);
    }
    return locations;
  }
}

interface Touched {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

function touchedBy(operation: Operation): Touched {
  if (operation.kind === "fence") return { reads: [], writes: [FENCE_BIT] };
  const bits = [operation.location, operation.high].filter((word) => word >= 0).map(locationBit);
  return writes(operation) ? { reads: [FENCE_BIT], writes: bits } : { reads: bits, writes: [] };
}
