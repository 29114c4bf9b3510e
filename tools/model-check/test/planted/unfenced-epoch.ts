import { defineScenario, thread } from "../../src/index.ts";
import type { Scenario } from "../../src/index.ts";
import { ModelWords } from "../model-words.ts";

const EPOCH = 0;
const INDEX = 1;
const SLOT = 2;

/**
 * A reader says that it is inside (epoch), then follows the index plainly; the writer unlinks, and reuses the slot if
 * nobody is inside. Without a fence after the epoch, the reader's plain load may be older than its epoch.
 */
export function unfencedEpoch(fixed: boolean): Scenario {
  return defineScenario({
    name: "an epoch published without a fence",
    touches: [],
    setup: () => {
      const words = new ModelWords(3);
      words.store(INDEX, 1);
      words.store(SLOT, 7);
      return words;
    },
    names: ({ buffer }) => [
      { memory: buffer, name: "map", byteOffset: 0, byteLength: 12, fields: { epoch: 0, index: 4, slot: 8 } },
    ],
    threads: [
      thread(
        "reader",
        (words: ModelWords) => words,
        (words) => {
          words.store(EPOCH, 1);
          if (fixed) words.fence();
          const found = words.peek(INDEX) === 1 ? words.load(SLOT) : 7;
          words.store(EPOCH, 0);
          return found;
        },
      ),
      thread(
        "writer",
        (words: ModelWords) => words,
        (words) => {
          words.store(INDEX, 0);
          if (words.load(EPOCH) === 0) words.store(SLOT, 8);
        },
      ),
    ],
    check: ({ results }) =>
      results.get("reader") === 7 ? undefined : "read a slot that was reused under it",
  });
}
