/** The record update by the platform's own means: no region, no layout, no WebAssembly. */
import { measure } from "../measure.ts";

const RECORDS = 1024;
const buffer = new SharedArrayBuffer(RECORDS * 64);
const words = new Int32Array(buffer);
const doubles = new Float64Array(buffer);
const longs = new BigInt64Array(buffer);

const loops: Record<string, (iterations: number) => number> = {
  /** Loses counts as soon as two threads write. */
  plain: (iterations) => {
    for (let i = 0; i < iterations; i++) {
      const record = i & (RECORDS - 1);
      words[record * 16 + 4] = i;
      doubles[record * 8]! += 1;
      doubles[record * 8 + 1]! += 100;
    }
    return doubles[0]!;
  },
  /** Low word first, its overflow into the high word after it: a reader between the two is off by 2^32. */
  "Atomics with carry": (iterations) => {
    for (let i = 0; i < iterations; i++) {
      const word = (i & (RECORDS - 1)) * 16;
      Atomics.store(words, word + 4, i);
      if (Atomics.add(words, word, 1) === -1) Atomics.add(words, word + 1, 1);
      if (Atomics.add(words, word + 2, 100) >>> 0 >= 2 ** 32 - 100) Atomics.add(words, word + 3, 1);
    }
    return words[0]!;
  },
  "Atomics on BigInt64Array": (iterations) => {
    for (let i = 0; i < iterations; i++) {
      const record = i & (RECORDS - 1);
      Atomics.store(words, record * 16 + 4, i);
      Atomics.add(longs, record * 8, 1n);
      Atomics.add(longs, record * 8 + 1, 100n);
    }
    return Number(longs[0]);
  },
};

measure(loops[process.argv[2]!]!);
