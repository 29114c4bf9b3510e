import { defineScenario, supervisor, thread } from "../../src/index.ts";
import type { Scenario } from "../../src/index.ts";
import { ModelWords } from "../model-words.ts";

const LOCK = 0;
const COUNT = 1;
const DEAD = 2;

/** A lock stamped with its holder, 1 or 2. The fixed one is broken once the holder is declared dead. */
function addLocked(words: ModelWords, me: number, breakable: boolean): void {
  for (;;) {
    const holder = words.compareExchange(LOCK, 0, me);
    if (holder === 0) break;
    if (breakable && words.load(DEAD) === holder && words.compareExchange(LOCK, holder, me) === holder) break;
    words.pause();
  }
  words.store(COUNT, words.load(COUNT) + 1);
  words.store(LOCK, 0);
}

export function deadHolder(fixed: boolean): Scenario {
  return defineScenario({
    name: "lock held by a dead thread",
    touches: [],
    setup: () => new ModelWords(3),
    names: ({ buffer }) => [
      {
        memory: buffer,
        name: "shard",
        byteOffset: 0,
        byteLength: 12,
        fields: { lock: 0, count: 4, dead: 8 },
      },
    ],
    threads: [
      thread(
        "one",
        (words: ModelWords) => words,
        (words) => addLocked(words, 1, fixed),
      ),
      thread(
        "two",
        (words: ModelWords) => words,
        (words) => addLocked(words, 2, fixed),
      ),
    ],
    interruption: "kill",
    supervisor: supervisor(
      (words: ModelWords) => words,
      (words, _call, killed) => words.store(DEAD, killed === "one" ? 1 : 2),
    ),
    check: ({ shared, interrupted }) => {
      const count = shared.load(COUNT);
      const least = interrupted === undefined ? 2 : 1;
      return count >= least && count <= 2 ? undefined : `${count} additions counted`;
    },
  });
}
