/** Calls the user's callbacks, outside of guards: what they throw is caught, counted, and reported once a batch. */
export class Deliveries {
  readonly #onError: (error: unknown, thrown: number) => void;
  #running = false;

  /** @param onError told of the first that was thrown in a batch, and how many there were */
  constructor(onError: (error: unknown, thrown: number) => void) {
    this.#onError = onError;
  }

  /**
   * Runs a batch. `deliver` is given a function that calls a callback safely. A batch within a batch is left to it.
   *
   * @returns false if a batch was running: what is to be delivered stays where it is
   */
  batch(deliver: (safely: (callback: () => void) => void) => void): boolean {
    if (this.#running) return false;
    this.#running = true;
    let first: unknown;
    let count = 0;
    try {
      deliver((callback) => {
        try {
          callback();
        } catch (error) {
          first = count++ === 0 ? error : first;
        }
      });
    } finally {
      this.#running = false;
    }
    if (count > 0) this.#report(first, count);
    return true;
  }

  /** Batches are delivered from timers, too: what a reporter throws must not end the process. */
  #report(first: unknown, count: number): void {
    try {
      this.#onError(first, count);
    } catch (error) {
      warnOfThrown(error, 1);
    }
  }
}

/** What is done about thrown errors by default: a process warning. */
export function warnOfThrown(error: unknown, thrown: number): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`${thrown} callbacks of a client table threw, the first: ${text}`);
}
