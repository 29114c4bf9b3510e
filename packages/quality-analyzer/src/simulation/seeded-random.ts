/**
 * A seeded source of uniform random numbers: xoshiro128** 1.1 (Blackman and Vigna, 2018,
 * https://prng.di.unimi.it/xoshiro128starstar.c), its state filled by splitmix32 from seed and stream number.
 *
 * The same seed and stream give the same numbers on every platform: only 32-bit integer operations are used.
 * Not for secrets.
 */
export class SeededRandom {
  readonly #state = new Uint32Array(4);

  /** `seed` and `stream` count modulo 2^32; streams of one seed are independent of each other. */
  constructor(seed: number, stream = 0) {
    const state = this.#state;
    let z = (seed ^ Math.imul(stream + 1, 0x9e3779b9)) | 0;
    for (let i = 0; i < 4; i++) {
      z = (z + 0x9e3779b9) | 0;
      let word = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      state[i] = word ^ (word >>> 16);
    }
    // The all-zero state is the one fixed point of the generator.
    if ((state[0]! | state[1]! | state[2]! | state[3]!) === 0) state[0] = 1;
  }

  /** A uniform integer in 0..2^32-1. Allocates nothing. */
  nextUint32(): number {
    const state = this.#state;
    const s1 = state[1]!;
    let result = Math.imul(s1, 5);
    result = Math.imul((result << 7) | (result >>> 25), 9);
    const shifted = s1 << 9;
    const s2 = state[2]! ^ state[0]!;
    const s3 = state[3]! ^ s1;
    state[1] = s1 ^ s2;
    state[0] = state[0]! ^ s3;
    state[2] = s2 ^ shifted;
    state[3] = (s3 << 11) | (s3 >>> 21);
    return result >>> 0;
  }

  /** A uniform number in [0, 1), a multiple of 2^-32. */
  nextUnit(): number {
    return this.nextUint32() / 0x1_0000_0000;
  }
}
