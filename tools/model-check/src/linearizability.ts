/** A recorded operation. `result` is undefined and `pending` true where its thread was killed or stopped inside it. */
export interface RecordedCall {
  readonly thread: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly result: unknown;
  /** The name of the error class it threw, if it did. */
  readonly thrown?: string;
  readonly pending: boolean;
}

/** One thing the sequential object may do: what it answers and the state it is in afterwards. */
export interface ModelStep<State> {
  readonly state: State;
  /** Compared with the recorded result as JSON; `anyResult` agrees with everything. */
  readonly result: unknown;
}

export const anyResult: unique symbol = Symbol("any result");

/**
 * The sequential object. `State` must be plain data: two states are one if their JSON is.
 */
export interface SequentialModel<State> {
  readonly initial: State;
  /**
   * Everything that the object may do when called in this state, none if the call is impossible.
   * `overlapping` are the calls that ran at the same time as this one, for answers such as BUSY or FULL that
   * concurrency excuses.
   */
  apply(state: State, call: RecordedCall, overlapping: readonly RecordedCall[]): readonly ModelStep<State>[];
}

/** A call and those that had returned before it was made, as a bit mask over the history. */
export interface HistoryEntry {
  readonly call: RecordedCall;
  readonly precededBy: number;
}

/**
 * Whether some order of the calls that respects their real-time order is an execution of the model: the search of
 * Wing and Gong (1993) with the memo of Lowe (2017). A pending call may have taken effect, with any result, or not.
 */
export function isLinearizable<State>(
  history: readonly HistoryEntry[],
  model: SequentialModel<State>,
): boolean {
  if (history.length > 31) throw new RangeError("a history of more than 31 calls");
  const overlapping = history.map((_, index) =>
    history.filter((_, other) => other !== index && overlap(history, index, other)).map(({ call }) => call),
  );
  const failed = new Set<string>();
  const required = history.reduce((mask, { call }, index) => (call.pending ? mask : mask | (1 << index)), 0);

  const search = (done: number, state: State): boolean => {
    if ((done & required) === required) return true;
    const key = `${done}#${JSON.stringify(state)}`;
    if (failed.has(key)) return false;
    for (let index = 0; index < history.length; index++) {
      const { call, precededBy } = history[index]!;
      if (done & (1 << index) || (precededBy & required & ~done) !== 0) continue;
      for (const step of model.apply(state, call, overlapping[index]!)) {
        if (agrees(call, step.result) && search(done | (1 << index), step.state)) return true;
      }
    }
    failed.add(key);
    return false;
  };
  return search(0, model.initial);
}

function overlap(history: readonly HistoryEntry[], one: number, other: number): boolean {
  return !(history[one]!.precededBy & (1 << other)) && !(history[other]!.precededBy & (1 << one));
}

function agrees(call: RecordedCall, expected: unknown): boolean {
  if (call.pending || expected === anyResult) return true;
  if (call.thrown !== undefined) return expected === call.thrown;
  return call.result === expected || JSON.stringify(call.result) === JSON.stringify(expected);
}
