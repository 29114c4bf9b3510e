import { ANY_BIT, FENCE_BIT, locationBit, PAUSE_BIT } from "./footprint.ts";
import type { HistoryNode } from "./history-node.ts";
import { isPlain, reads, writes } from "./operation.ts";
import type { Operation } from "./operation.ts";

/** Told of words that need more bookkeeping than others. */
export interface AccessListener {
  readonly onPlainRead: (location: number) => void;
  readonly onLoad: (location: number) => void;
}

type Future = "futureReads" | "futureWrites" | "futurePeeks" | "futureLoads";
const RELIED = {
  futureReads: "reliedReads",
  futureWrites: "reliedWrites",
  futurePeeks: "reliedPeeks",
  futureLoads: "reliedLoads",
} as const;

/**
 * Adds a step to what its node, and all before it, may still do.
 *
 * @param whole false where nobody asks for more than whether the thread pauses
 * @returns whether somebody had relied on its absence
 */
export function recordFootprint(
  node: HistoryNode,
  operation: Operation,
  listener: AccessListener,
  whole: boolean,
): boolean {
  let relied = false;
  const grow = (bit: number, future: Future): void => {
    if (!whole && bit !== PAUSE_BIT) return;
    for (let above: HistoryNode | undefined = node; above !== undefined; above = above.parent) {
      if (!above[future].add(bit)) return;
      if (above[RELIED[future]].has(bit)) relied = true;
    }
  };
  const { kind, location, high } = operation;
  if (kind === "pause") grow(PAUSE_BIT, "futureReads");
  else if (kind === "fence") grow(FENCE_BIT, "futureWrites");
  else {
    if (writes(operation) && !isPlain(operation)) grow(FENCE_BIT, "futureReads");
    for (const word of high < 0 ? [location] : [location, high]) {
      const bit = locationBit(word);
      if (writes(operation)) grow(bit, "futureWrites");
      if (reads(operation)) grow(bit, "futureReads");
      if (kind === "peek") {
        listener.onPlainRead(word);
        grow(bit, "futurePeeks");
        grow(ANY_BIT, "futurePeeks");
      } else if (kind === "load") {
        listener.onLoad(word);
        grow(bit, "futureLoads");
      }
    }
  }
  return relied;
}
