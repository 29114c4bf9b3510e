import { load, peek, poke, store, type RegionOps, type Words } from "@udp-relay/atomics-layout/memory";

/**
 * Litmus shapes: what each thread does to a cell, and the outcome that must never be seen. A cell has three
 * 64-byte lines: x, y, and the four words that the threads observed. On lines of their own x and y stay longest in the
 * processors' store buffers, which is what tempts forbidden outcomes.
 */
export interface Shape {
  readonly threads: number;
  readonly steps: readonly ((words: Words, ops: RegionOps, cell: number) => void)[];
  readonly forbidden: (words: Words, cell: number) => boolean;
}

export const CELLS = 2_000;
export const CELL_WORDS = 48;
/** Word of the barrier's counter; the opened round is 16 words further. */
export const BARRIER = 0;
/** Word of the first thread's progress; the next thread's is 16 words further. */
export const PROGRESS = 32;
export const FIRST_CELL = 96;
export const MEMORY_BYTES = (FIRST_CELL + CELLS * CELL_WORDS) * 4;

const X = 0;
const Y = 16;
export const SEEN = 32;

const bothZero: Shape["forbidden"] = (words, cell) =>
  load(words, cell + SEEN) === 0 && load(words, cell + SEEN + 1) === 0;
const flagWithoutData: Shape["forbidden"] = (words, cell) =>
  load(words, cell + SEEN) === 1 && load(words, cell + SEEN + 1) === 0;

export const SHAPES: Readonly<Record<string, Shape>> = {
  "store buffering": {
    threads: 2,
    steps: [
      (words, _, cell) => {
        store(words, cell + X, 1);
        poke(words, cell + SEEN, load(words, cell + Y));
      },
      (words, _, cell) => {
        store(words, cell + Y, 1);
        poke(words, cell + SEEN + 1, load(words, cell + X));
      },
    ],
    forbidden: bothZero,
  },
  "store buffering, plain with a fence": {
    threads: 2,
    steps: [
      (words, ops, cell) => {
        poke(words, cell + X, 1);
        ops.fence();
        poke(words, cell + SEEN, peek(words, cell + Y));
      },
      (words, ops, cell) => {
        poke(words, cell + Y, 1);
        ops.fence();
        poke(words, cell + SEEN + 1, peek(words, cell + X));
      },
    ],
    forbidden: bothZero,
  },
  "store buffering, 64-bit": {
    threads: 2,
    steps: [
      (words, ops, cell) => {
        ops.store64((cell + X) * 4, 1);
        poke(words, cell + SEEN, ops.load64((cell + Y) * 4));
      },
      (words, ops, cell) => {
        ops.store64((cell + Y) * 4, 1);
        poke(words, cell + SEEN + 1, ops.load64((cell + X) * 4));
      },
    ],
    forbidden: bothZero,
  },
  /** The control: what plain access allows, and processors do. */
  "store buffering, plain": {
    threads: 2,
    steps: [
      (words, _, cell) => {
        poke(words, cell + X, 1);
        poke(words, cell + SEEN, peek(words, cell + Y));
      },
      (words, _, cell) => {
        poke(words, cell + Y, 1);
        poke(words, cell + SEEN + 1, peek(words, cell + X));
      },
    ],
    forbidden: bothZero,
  },
  "message passing": {
    threads: 2,
    steps: [
      (words, _, cell) => {
        store(words, cell + X, 1);
        store(words, cell + Y, 1);
      },
      (words, _, cell) => {
        poke(words, cell + SEEN, load(words, cell + Y));
        poke(words, cell + SEEN + 1, load(words, cell + X));
      },
    ],
    forbidden: flagWithoutData,
  },
  "message passing, plain data behind an atomic flag": {
    threads: 2,
    steps: [
      (words, _, cell) => {
        poke(words, cell + X, 1);
        store(words, cell + Y, 1);
      },
      (words, _, cell) => {
        poke(words, cell + SEEN, load(words, cell + Y));
        poke(words, cell + SEEN + 1, peek(words, cell + X));
      },
    ],
    forbidden: flagWithoutData,
  },
  "independent reads of independent writes": {
    threads: 4,
    steps: [
      (words, _, cell) => store(words, cell + X, 1),
      (words, _, cell) => store(words, cell + Y, 1),
      (words, _, cell) => {
        poke(words, cell + SEEN, load(words, cell + X));
        poke(words, cell + SEEN + 1, load(words, cell + Y));
      },
      (words, _, cell) => {
        poke(words, cell + SEEN + 2, load(words, cell + Y));
        poke(words, cell + SEEN + 3, load(words, cell + X));
      },
    ],
    forbidden: (words, cell) => [1, 0, 1, 0].every((value, i) => load(words, cell + SEEN + i) === value),
  },
};
