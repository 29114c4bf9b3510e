import { defineScenario, thread } from "../../src/index.ts";
import type { Scenario } from "../../src/index.ts";
import { ModelWords } from "../model-words.ts";

const KEY = 0;
const VALUE = 1;

/** An entry of two words; a reader that finds the key must find the value. */
export function publishBeforeValue(fixed: boolean): Scenario {
  return defineScenario({
    name: "publish before value",
    touches: [],
    setup: () => new ModelWords(2),
    names: ({ buffer }) => [
      { memory: buffer, name: "entry", byteOffset: 0, byteLength: 8, fields: { key: 0, value: 4 } },
    ],
    threads: [
      thread(
        "inserter",
        (words: ModelWords) => words,
        (words) => {
          if (fixed) words.store(VALUE, 77);
          words.compareExchange(KEY, 0, 5);
          if (!fixed) words.store(VALUE, 77);
        },
      ),
      thread(
        "reader",
        (words: ModelWords) => words,
        (words) => (words.load(KEY) === 5 ? words.load(VALUE) : undefined),
      ),
    ],
    check: ({ results }) => (results.get("reader") === 0 ? "a key without its value" : undefined),
  });
}
