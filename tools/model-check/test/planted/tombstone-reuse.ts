import { defineScenario, thread } from "../../src/index.ts";
import type { Scenario } from "../../src/index.ts";
import { ModelWords } from "../model-words.ts";

const SLOTS = 3;
const LOCK = SLOTS;
const TOMBSTONE = -1;

/** Linear probing over `SLOTS` words. Reusing the first tombstone without excluding other inserters makes two of a key. */
function insert(words: ModelWords, key: number): boolean {
  for (;;) {
    let tombstone = -1;
    let lost = false;
    for (let slot = 0; slot < SLOTS && !lost; slot++) {
      const found = words.load(slot);
      if (found === key) return false;
      if (found === TOMBSTONE && tombstone < 0) tombstone = slot;
      if (found !== 0) continue;
      const target = tombstone < 0 ? slot : tombstone;
      const empty = tombstone < 0 ? 0 : TOMBSTONE;
      if (words.compareExchange(target, empty, key) === empty) return true;
      lost = true;
    }
    if (!lost) return false;
  }
}

function insertLocked(words: ModelWords, key: number): boolean {
  while (words.compareExchange(LOCK, 0, 1) !== 0) words.pause();
  const inserted = insert(words, key);
  words.store(LOCK, 0);
  return inserted;
}

function remove(words: ModelWords, key: number): boolean {
  for (let slot = 0; slot < SLOTS; slot++) {
    const found = words.load(slot);
    if (found === 0) return false;
    if (found === key) return words.compareExchange(slot, key, TOMBSTONE) === key;
  }
  return false;
}

export function tombstoneReuse(fixed: boolean): Scenario {
  const put = fixed ? insertLocked : insert;
  return defineScenario({
    name: "tombstone reuse",
    touches: [],
    setup: () => {
      const words = new ModelWords(SLOTS + 1);
      words.store(0, 4);
      return words;
    },
    names: ({ buffer }) => [
      { memory: buffer, name: "slot", byteOffset: 0, byteLength: SLOTS * 4, stride: 4 },
      { memory: buffer, name: "lock", byteOffset: LOCK * 4, byteLength: 4 },
    ],
    threads: [
      thread(
        "first",
        (words: ModelWords) => words,
        (words) => put(words, 5),
      ),
      thread(
        "second",
        (words: ModelWords) => words,
        (words) => put(words, 5),
      ),
      thread(
        "remover",
        (words: ModelWords) => words,
        (words) => remove(words, 4),
      ),
    ],
    check: ({ shared }) => {
      const copies = Array.from({ length: SLOTS }, (_, slot) => shared.load(slot)).filter((key) => key === 5);
      return copies.length === 1 ? undefined : `${copies.length} entries of one key`;
    },
  });
}
