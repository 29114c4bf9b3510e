/** What a user's callbacks threw: caught, counted and told, so that it costs no datagram and no probe. One thread. */
export class CallbackErrors {
  count = 0;
  readonly #tell: ((error: unknown) => void) | undefined;

  constructor(tell: ((error: unknown) => void) | undefined) {
    this.#tell = tell;
  }

  /** Calls back, and keeps what that throws. */
  guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.add(error);
    }
  }

  add(error: unknown): void {
    this.count += 1;
    try {
      this.#tell?.(error);
    } catch {
      this.count += 1;
    }
  }
}
