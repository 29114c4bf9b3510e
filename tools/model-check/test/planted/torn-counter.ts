import { defineScenario, thread } from "../../src/index.ts";
import type { Scenario } from "../../src/index.ts";
import { ModelWords } from "../model-words.ts";

const NEAR_WRAP = 0xffff_ffff;

/** A 64-bit count in two words, added to with a carry and read high, low, high: wrong, and how often it is believed. */
export function tornCounter(fixed: boolean): Scenario {
  return defineScenario({
    name: "torn two-word counter",
    touches: [],
    setup: () => {
      const words = new ModelWords(2);
      words.store(0, NEAR_WRAP | 0);
      return words;
    },
    names: ({ buffer }) => [
      { memory: buffer, name: "count", byteOffset: 0, byteLength: 8, fields: { low: 0, high: 4 } },
    ],
    threads: [
      thread(
        "writer",
        (words: ModelWords) => words,
        (words) => {
          if (fixed) words.add64(0, 1);
          else if (words.add(0, 1) >>> 0 === NEAR_WRAP) words.add(1, 1);
        },
      ),
      thread(
        "reader",
        (words: ModelWords) => words,
        (words) => (fixed ? words.load64(0) : readHighLowHigh(words)),
      ),
    ],
    check: ({ results }) => {
      const read = results.get("reader");
      return read === NEAR_WRAP || read === NEAR_WRAP + 1 ? undefined : `torn: read ${String(read)}`;
    },
  });
}

function readHighLowHigh(words: ModelWords): number {
  for (;;) {
    const high = words.load(1);
    const low = words.load(0);
    if (words.load(1) === high) return (high >>> 0) * 2 ** 32 + (low >>> 0);
    words.pause();
  }
}
