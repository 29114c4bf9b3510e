/** What was wrong with a call. Stable: programs may compare it. */
export type ClockErrorCode =
  /** `intervalMs` is not a finite number within 1..2147483647. */
  | "ERR_CLOCK_INTERVAL"
  /** A duration or a point in time is negative or not finite. */
  | "ERR_CLOCK_TIME"
  /** `byteOffset` is not a multiple of 8, or the 64 bytes do not fit in the buffer. */
  | "ERR_CLOCK_OFFSET"
  /** `buffer` is not a SharedArrayBuffer of fixed length. */
  | "ERR_CLOCK_BUFFER_NOT_SHARED"
  /** The 64 bytes given to `new CoarseClock` are already in use: by a clock (attach to it) or by other data. */
  | "ERR_CLOCK_CELL_IN_USE"
  /** `attach` was given something that is not the handle of a clock, or of another version of this package. */
  | "ERR_CLOCK_HANDLE"
  /** This page has no SharedArrayBuffer (it is not cross-origin isolated), so the clock cannot leave its thread. */
  | "ERR_CLOCK_NOT_SHAREABLE"
  /** The clock was disposed: it can be read, but nothing can be started on it. */
  | "ERR_CLOCK_DISPOSED"
  /** A ticker thread did not start, died, or was stopped before its first tick; `cause` has the reason if there is one. */
  | "ERR_CLOCK_TICKER_THREAD";

/** Misuse of a clock. Reading and updating never throw. */
export class ClockError extends Error {
  readonly code: ClockErrorCode;

  constructor(code: ClockErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ClockError";
    this.code = code;
  }
}
