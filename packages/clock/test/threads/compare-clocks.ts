import { CoarseClock, type ClockHandle } from "@udp-relay/clock";

/** Two threads take turns: the first notes its time, then the second, then the first again, and so on. */
export interface Comparison {
  readonly handle: ClockHandle;
  readonly rounds: number;
  /** Whose turn it is: even the first's, odd the second's. */
  readonly turn: SharedArrayBuffer;
  /** Times of the turns, ms. */
  readonly times: SharedArrayBuffer;
}

export function newComparison(handle: ClockHandle, rounds: number): Comparison {
  const turns = 2 * rounds + 1;
  return { handle, rounds, turn: new SharedArrayBuffer(4), times: new SharedArrayBuffer(8 * turns) };
}

/** Blocks until this side's turns are over, or for 10 s without one. */
export function takeTurns(clock: CoarseClock, comparison: Comparison, side: 0 | 1): void {
  const turn = new Int32Array(comparison.turn);
  const times = new Float64Array(comparison.times);
  for (let mine: number = side; mine <= 2 * comparison.rounds; mine += 2) {
    for (let now = Atomics.load(turn, 0); now !== mine; now = Atomics.load(turn, 0)) {
      if (Atomics.wait(turn, 0, now, 10_000) === "timed-out") throw new Error("the other thread is gone");
    }
    times[mine] = clock.nowMs();
    Atomics.store(turn, 0, mine + 1);
    Atomics.notify(turn, 0);
  }
}

/**
 * What the turns prove, however late any of them was: a time of the second thread that lies outside the first's two
 * around it is a difference of at least that much; inside, of at most the width between them.
 */
export function judge(comparison: Comparison): { readonly atLeastMs: number; readonly atMostMs: number } {
  const times = new Float64Array(comparison.times);
  let atLeastMs = 0;
  let atMostMs = Infinity;
  for (let round = 0; round < comparison.rounds; round++) {
    const [before, between, after] = times.slice(2 * round, 2 * round + 3) as unknown as [
      number,
      number,
      number,
    ];
    atLeastMs = Math.max(atLeastMs, before - between, between - after);
    atMostMs = Math.min(atMostMs, Math.max(between - before, after - between));
  }
  return { atLeastMs, atMostMs };
}
