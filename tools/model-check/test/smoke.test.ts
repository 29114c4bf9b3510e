import { describe, expect, it } from "vitest";
import { defineScenario, runScenario, thread } from "../src/index.ts";
import type { Scenario } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";

/** `threads` threads that each do `steps` atomic adds on one word. */
function adders(threads: number, steps: number, add: (words: ModelWords) => void): Scenario {
  return defineScenario({
    name: "adders",
    touches: [],
    setup: () => new ModelWords(4),
    threads: Array.from({ length: threads }, (_, index) =>
      thread(
        `t${index}`,
        (words: ModelWords) => words,
        (words) => {
          for (let step = 0; step < steps; step++) add(words);
        },
      ),
    ),
    check: ({ shared }) => {
      const total = shared.load(0);
      return total === threads * steps ? undefined : `lost an update: ${total}`;
    },
  });
}

describe("smoke", () => {
  it("passes atomic adds", () => {
    const result = runScenario(adders(3, 3, (words) => words.add(0, 1)));
    expect(result.failure).toBeUndefined();
    expect(result.states).toBeGreaterThan(20);
  });

  it("finds the lost update and prints who did what", () => {
    const result = runScenario(adders(2, 1, (words) => words.store(0, words.load(0) + 1)));
    expect(result.failure).toContain("lost an update: 1");
    expect(result.failure).toMatch(/t\d\s+load\(@0\) = 0/);
  });
});
