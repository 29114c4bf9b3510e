import { allocate } from "@udp-relay/atomics-layout/memory";
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { CELLS, MEMORY_BYTES, SHAPES } from "./litmus-shapes.ts";
import { runThreads, sibling } from "./threads.ts";

const ROUNDS = process.env.UDP_RELAY_LONG === "1" ? 1_000_000 : 50_000;
const CONTROL = "store buffering, plain";

interface Outcome {
  readonly forbidden: number;
  readonly outcomes: Record<string, number>;
}

async function run(shape: string, rounds: number): Promise<Outcome> {
  const memory = allocate(MEMORY_BYTES);
  const batches = Math.ceil(rounds / CELLS);
  const tasks = SHAPES[shape]!.steps.map((_, thread) => ({ memory, shape, thread, batches }));
  const results = await runThreads<Outcome>(sibling("litmus-worker", import.meta.url), tasks);
  return results[0]!;
}

describe(`litmus, ${ROUNDS} rounds each`, () => {
  it.each(Object.keys(SHAPES).filter((shape) => shape !== CONTROL))(
    "%s: 0 forbidden outcomes",
    async (shape) => {
      const { forbidden, outcomes } = await run(shape, ROUNDS);
      expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(ROUNDS);
      expect(forbidden).toBe(0);
    },
    120_000,
  );

  it.skipIf(availableParallelism() < 2)(
    "sees what plain access allows: the rounds do overlap",
    async () => {
      let forbidden = 0;
      for (let attempt = 0; attempt < 50 && forbidden === 0; attempt++) {
        forbidden = (await run(CONTROL, 200_000)).forbidden;
      }
      expect(forbidden).toBeGreaterThan(0);
    },
    120_000,
  );
});
