/**
 * Clocks and random numbers stand still or repeat while model threads run: a body that is replayed must do the same
 * again. What a scenario needs of either it injects.
 */
let state = 1;

/** Back to the first random number; called before each replay. */
export function resetEnvironment(): void {
  state = 1;
}

function nextRandom(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state;
}

/** Runs `body` with time standing still and repeatable random numbers. */
export function withFixedEnvironment<Result>(body: () => Result): Result {
  const { random } = Math;
  const dateNow = Date.now;
  const performanceNow = performance.now.bind(performance);
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  Math.random = () => nextRandom() / 0x1_0000_0000;
  Date.now = () => 1_700_000_000_000;
  performance.now = () => 1_000;
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
