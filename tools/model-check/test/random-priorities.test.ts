import { describe, expect, it } from "vitest";
import { defineScenario, runScenario, thread } from "../src/index.ts";
import type { Scenario } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";

const own = (words: ModelWords): ModelWords => words;

/** Three threads of 40 steps each, too many to try all; two of them lose an update if they meet at the right place. */
function scattered(seed: number, atomic: boolean): Scenario {
  const body = (words: ModelWords): void => {
    for (let step = 0; step < 38; step++) words.add(1, 1);
    if (atomic) words.add(0, 1);
    else words.store(0, words.load(0) + 1);
  };
  return defineScenario<ModelWords>({
    name: "scattered",
    touches: [],
    setup: () => new ModelWords(2),
    threads: ["a", "b", "c"].map((name) => thread(name, own, body)),
    mode: { runs: 400, seed, depth: 3 },
    check: ({ shared }) => (shared.load(0) === 3 ? undefined : `lost an update: ${shared.load(0)}`),
  });
}

describe("random priorities", () => {
  it("find a lost update among more interleavings than can be tried, from most seeds", () => {
    const found = [1, 2, 3, 4, 5].filter((seed) => runScenario(scattered(seed, false)).failure !== undefined);
    expect(found.length).toBeGreaterThanOrEqual(4);
  });

  it("pass what is right, and say how many executions that stands on", () => {
    const result = runScenario(scattered(1, true));
    expect(result).toMatchObject({ failure: undefined, mode: "random", states: 400, ends: 400 });
  });

  it("repeat with their seed", () => {
    const [one, two] = [runScenario(scattered(7, false)), runScenario(scattered(7, false))];
    expect(one.failure).toBe(two.failure);
  });

  it("interrupt threads too", () => {
    const { failure } = runScenario(
      defineScenario<ModelWords>({
        name: "lock",
        touches: [],
        setup: () => new ModelWords(1),
        threads: ["a", "b"].map((name) =>
          thread(name, own, (words) => {
            while (words.compareExchange(0, 0, 1) !== 0) words.pause();
            words.store(0, 0);
          }),
        ),
        interruption: "kill",
        mode: { runs: 200, seed: 1 },
      }),
    );
    expect(failure).toContain("waits for ever");
  });
});
