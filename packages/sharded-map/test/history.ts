/** Calls of the recorded histories: key, kind, begin, answer, end. */
export const CALL_WORDS = 5;
export const CALLS_A_ROUND = 5;
export const KEYS_A_ROUND = 2;

export const GET = 0;
/** Answers 1 if the key was there, 0 if it came. */
export const INSERT = 1;
/** Answers 1 if the key went, 0 if it was not there. */
export const REMOVE = 2;
/** Refused: nothing happened. */
export const BUSY_RESULT = -1;

export interface HistoryCall {
  readonly kind: number;
  readonly begin: number;
  readonly end: number;
  readonly answer: number;
}

/**
 * Whether the calls on one key, which is absent at first, are linearizable: the search of Wing and Gong (1993). A map is
 * linearizable if it is so for each key by itself (Herlihy and Wing 1990, locality).
 */
export function isLinearizable(calls: readonly HistoryCall[], present = false): boolean {
  if (calls.length === 0) return true;
  const firstEnd = Math.min(...calls.map(({ end }) => end));
  return calls.some((call, index) => {
    if (call.begin > firstEnd) return false;
    const refused = call.answer === BUSY_RESULT;
    if (!refused && (call.answer === 1) !== present) return false;
    const after = refused || call.kind === GET ? present : call.kind === INSERT;
    return isLinearizable(calls.toSpliced(index, 1), after);
  });
}
