/** The operations of a region's WebAssembly instance. Concurrency: the memory is everybody's, the instance this thread's. */
export interface RegionOps {
  /** No access of this thread moves across it, plain ones included. */
  readonly fence: () => void;
  /**
   * As the function `load` on the same word. This and the next three exist beside those for hot paths: V8 calls a runtime
   * function for each of `Atomics`' and a WebAssembly function in half of that time or less (JavaScriptCore is the other
   * way round).
   */
  readonly load32: (byteOffset: number) => number;
  /** As the function `store`. */
  readonly store32: (byteOffset: number, value: number) => void;
  /** As the function `add`. */
  readonly add32: (byteOffset: number, value: number) => number;
  /** As the function `compareExchange`. */
  readonly compareExchange32: (byteOffset: number, expected: number, replacement: number) => number;
  /** An unsigned 64-bit field at a multiple of 8 bytes; exact to 2^53, rounded to a double above. Atomic. */
  readonly load64: (byteOffset: number) => number;
  /** The same field read as signed. */
  readonly loadSigned64: (byteOffset: number) => number;
  /** Any safe integer; a negative one is stored in two's complement. Atomic. */
  readonly store64: (byteOffset: number, value: number) => void;
  /** Adds any safe integer modulo 2^64; returns the value before as `load64` does. Atomic. */
  readonly add64: (byteOffset: number, value: number) => number;
  /** Returns the value before. Atomic. */
  readonly exchange64: (byteOffset: number, value: number) => number;
  /** Returns the value before: it was replaced if that equals `expected`. Both below 2^53. Atomic. */
  readonly compareExchange64: (byteOffset: number, expected: number, replacement: number) => number;
  /** Reads two words at once; returns the low one (the first in memory), `pairHigh` gives the other. Atomic. */
  readonly loadPair: (byteOffset: number) => number;
  /** The first word found by this thread's last `loadPair`, `exchangePair` or `casPair` through this instance. */
  readonly pairLow: () => number;
  /** The second word of the same. */
  readonly pairHigh: () => number;
  /** Writes two words at once. Atomic. */
  readonly storePair: (byteOffset: number, low: number, high: number) => void;
  /** Replaces two words at once; returns the low word before. Atomic. */
  readonly exchangePair: (byteOffset: number, low: number, high: number) => number;
  /** 1: both words were as expected and are replaced at once. 0: they were not; see `pairLow`, `pairHigh`. Atomic. */
  readonly casPair: (
    byteOffset: number,
    expectedLow: number,
    expectedHigh: number,
    low: number,
    high: number,
  ) => number;
  /** The four 64-bit multipliers of `multilinear`, each as its low and its high word. This instance's own; 0 at first. */
  readonly setMultipliers: (
    low0: number,
    high0: number,
    low1: number,
    high1: number,
    low2: number,
    high2: number,
    low3: number,
    high3: number,
  ) => void;
  /**
   * A hash of four words, int32: the upper half of (m0 + a)(m1 + b) + (m2 + c)(m3 + d) modulo 2^64. Touches no memory; it is
   * here because JavaScript has no 64-bit product. Strongly universal with random multipliers: of any two inputs every
   * pair of hashes is equally likely (MULTILINEAR-HM of Lemire and Kaser, "Strongly universal string hashing is fast",
   * The Computer Journal 57(11), 2014).
   */
  readonly multilinear: (a: number, b: number, c: number, d: number) => number;
  /**
   * The compound updates by name: (record's byte offset, …parameters). Each step is exact, the whole is not atomic. The
   * result is 1 or 0 where steps report, else undefined.
   */
  readonly update: Readonly<
    Record<string, (recordByteOffset: number, ...values: number[]) => number | undefined>
  >;
}
