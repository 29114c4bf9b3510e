/** A clock that is read once a turn of a thread's loop, when it is first asked: all that came in a turn came at one time. */
export class TurnClock {
  readonly #clock: { nowMs(): number };
  #nowMs: number | undefined;

  constructor(clock: { nowMs(): number }) {
    this.#clock = clock;
  }

  /** Milliseconds of the turn. */
  nowMs(): number {
    return (this.#nowMs ??= this.#clock.nowMs());
  }

  /** The turn is over. */
  end(): void {
    this.#nowMs = undefined;
  }
}
