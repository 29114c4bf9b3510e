/**
 * Clocks and random numbers stand still or repeat while model threads run: a body that is replayed must do the same
 * again. What a scenario needs of either it injects.
 */
let randomState = 1;
let realClock: (() => number) | undefined;

/** Back to the first random number and the standing clock; called before each replay. */
export function resetEnvironment(): void {
  randomState = 1;
  realClock = undefined;
}

/**
 * What `performance.now()` gives from here to the end of this body, in ms; the wall clock follows it. To model time
 * that passes while other threads run, let it be an atomic addition to a word of shared memory.
 */
export function useRealClock(nowMs: () => number): void {
  realClock = nowMs;
}

const STANDING_MS = 1_000;
const WALL_ZERO_MS = 1_700_000_000_000;
const nowMs = (): number => realClock?.() ?? STANDING_MS;

function nextRandom(): number {
  randomState = (Math.imul(randomState, 1_664_525) + 1_013_904_223) >>> 0;
  return randomState;
}

/** Runs `body` with clocks that stand still, or are the body's own, and repeatable random numbers. */
export function withFixedEnvironment<Result>(body: () => Result): Result {
  const { random } = Math;
  const dateNow = Date.now;
  const performanceNow = performance.now.bind(performance);
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  Math.random = () => nextRandom() / 0x1_0000_0000;
  Date.now = () => WALL_ZERO_MS + Math.floor(nowMs());
  performance.now = nowMs;
  crypto.getRandomValues = ((array: ArrayBufferView) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let index = 0; index < bytes.length; index++) bytes[index] = nextRandom() >>> 24;
    return array;
  }) as typeof crypto.getRandomValues;
  try {
    return body();
  } finally {
    Math.random = random;
    Date.now = dateNow;
    performance.now = performanceNow;
    crypto.getRandomValues = getRandomValues;
  }
}
