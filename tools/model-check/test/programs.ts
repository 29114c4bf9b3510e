import { defineScenario, runScenario, thread } from "../src/index.ts";
import type { ScenarioOptions } from "../src/index.ts";
import { ModelWords } from "./model-words.ts";
import type { Instruction, Program } from "./reference-explorer.ts";

/** Runs a program that is data as a thread's body; what its reads gave is its result. */
export function execute(words: ModelWords, program: Program): number[] {
  const results: number[] = [];
  for (const instruction of program) perform(words, instruction, results);
  return results;
}

function perform(words: ModelWords, instruction: Instruction, results: number[]): void {
  switch (instruction.op) {
    case "peek":
      results.push(words.peek(instruction.word));
      return;
    case "load":
      results.push(words.load(instruction.word));
      return;
    case "poke":
      words.poke(instruction.word, instruction.value);
      return;
    case "store":
      words.store(instruction.word, instruction.value);
      return;
    case "add":
      results.push(words.add(instruction.word, instruction.value));
      return;
    case "cas":
      results.push(words.compareExchange(instruction.word, instruction.expected, instruction.value));
      return;
    case "fence":
      words.fence();
  }
}

/** Everything that the checker lets the programs end with, in the form of `allOutcomes`. */
export function checkedOutcomes(
  programs: readonly Program[],
  words: number,
  options: Partial<ScenarioOptions<ModelWords>> = {},
): Set<string> {
  const outcomes = new Set<string>();
  const { failure } = runScenario(
    defineScenario<ModelWords>({
      name: "programs",
      touches: [],
      setup: () => new ModelWords(words),
      threads: programs.map((program, index) =>
        thread(
          `t${index}`,
          (shared: ModelWords) => shared,
          (shared) => execute(shared, program),
        ),
      ),
      check: ({ shared, results }) => {
        const values = Array.from({ length: words }, (_, word) => shared.load(word));
        outcomes.add(JSON.stringify([programs.map((_, index) => results.get(`t${index}`)), values]));
        return undefined;
      },
      ...options,
    }),
  );
  if (failure !== undefined) throw new Error(failure);
  return outcomes;
}
