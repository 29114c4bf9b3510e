/**
 * A lookup by linear probing in 2,048 words that are half full, hits only, written in four ways: what reaching shared
 * words through the memory module costs where it is used most.
 */
import { allocate, load, peek, wordsOf, type Words } from "@udp-relay/atomics-layout/memory";
import { measure } from "../measure.ts";

const ENTRIES = 1_000;
const MASK = 2_047;
const words = wordsOf(allocate((MASK + 1) * 8));

/** Index words 0..2047 hold entry + 1; the entries' keys follow. */
const KEYS = MASK + 1;
const keys = Int32Array.from({ length: ENTRIES }, (_, i) => Math.imul(i + 1, 0x9e37_79b1));
keys.forEach((key, entry) => {
  let at = spread(key);
  while (words[at] !== 0) at = (at + 1) & MASK;
  words[at] = entry + 1;
  words[KEYS + entry] = key;
});

function spread(key: number): number {
  const mixed = Math.imul(key ^ (key >>> 16), 0x85eb_ca6b);
  return (mixed ^ (mixed >>> 13)) & MASK;
}

function inPlace(key: number): number {
  for (let at = spread(key); ; at = (at + 1) & MASK) {
    const entry = words[at]! - 1;
    if (entry < 0) return -1;
    if (words[KEYS + entry] === key) return entry;
  }
}

function throughModule(key: number): number {
  for (let at = spread(key); ; at = (at + 1) & MASK) {
    const entry = peek(words, at) - 1;
    if (entry < 0) return -1;
    if (peek(words, KEYS + entry) === key) return entry;
  }
}

function allAtomic(key: number): number {
  for (let at = spread(key); ; at = (at + 1) & MASK) {
    const entry = load(words, at) - 1;
    if (entry < 0) return -1;
    if (load(words, KEYS + entry) === key) return entry;
  }
}

/** The same access handed in as an object: what the export condition avoids. */
interface Access {
  peek(words: Words, index: number): number;
}
const access: Access = { peek };

function throughObject(key: number): number {
  for (let at = spread(key); ; at = (at + 1) & MASK) {
    const entry = access.peek(words, at) - 1;
    if (entry < 0) return -1;
    if (access.peek(words, KEYS + entry) === key) return entry;
  }
}

const loops: Record<string, (iterations: number) => number> = {
  "in place": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += inPlace(keys[i % ENTRIES]!);
    return sum;
  },
  "through the module": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += throughModule(keys[i % ENTRIES]!);
    return sum;
  },
  "through an object": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += throughObject(keys[i % ENTRIES]!);
    return sum;
  },
  "every read atomic": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += allAtomic(keys[i % ENTRIES]!);
    return sum;
  },
};

const way = process.argv[2] ?? "";
const loop = loops[way];
if (loop === undefined) throw new Error(`no way "${way}"`);
measure(loop);
