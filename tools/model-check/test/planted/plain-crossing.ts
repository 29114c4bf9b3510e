import { defineScenario, thread } from "../../src/index.ts";
import type { Scenario } from "../../src/index.ts";
import { ModelWords } from "../model-words.ts";

const HALF = 2 ** 31;

/**
 * The overlap-bit counter: low counts modulo 2^32, the crossings of 2^31 are counted beside it, and the reader adds the
 * one that is still to come. Stored plainly, a crossing may be late by more than one, or early.
 */
export function plainCrossing(fixed: boolean): Scenario {
  return defineScenario({
    name: "the overlap bit's crossing stored plainly",
    touches: [],
    setup: () => {
      const words = new ModelWords(2);
      words.store(0, 0x7fff_ffff);
      return words;
    },
    names: ({ buffer }) => [
      { memory: buffer, name: "count", byteOffset: 0, byteLength: 8, fields: { low: 0, crossings: 4 } },
    ],
    threads: [
      thread(
        "writer",
        (words: ModelWords) => words,
        (words) => {
          for (let step = 0; step < 2; step++) advance(words, 0x7fff_ffff, fixed);
        },
      ),
      thread(
        "reader",
        (words: ModelWords) => words,
        (words) => read(words),
      ),
    ],
    check: ({ results }) => {
      const count = results.get("reader") as number;
      const allowed = [0x7fff_ffff, 2 * 0x7fff_ffff, 3 * 0x7fff_ffff];
      return allowed.includes(count) ? undefined : `read ${count}, which was never the count`;
    },
  });
}

function advance(words: ModelWords, amount: number, atomic: boolean): void {
  const low = words.peek(0);
  const next = (low + amount) | 0;
  words.poke(0, next);
  if ((low ^ next) >= 0) return;
  const crossings = words.peek(1) + 1;
  if (!atomic) {
    words.poke(1, crossings);
    return;
  }
  words.store(1, crossings);
  words.load(1);
}

function read(words: ModelWords): number {
  const both = words.load64(0);
  const crossings = Math.floor(both / 2 ** 32);
  const low = both % 2 ** 32;
  return (crossings + ((crossings & 1) ^ (low >= HALF ? 1 : 0))) * HALF + (low % HALF);
}
