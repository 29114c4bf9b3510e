/** What was wrong. Stable: programs may compare it. */
export type RelayErrorCode =
  /** A flag, environment variable or configuration field has a value that is not allowed. */
  | "ERR_RELAY_CONFIG"
  /** The port to listen on is taken. */
  | "ERR_RELAY_PORT_IN_USE"
  /** The relay could not be started for another reason that the operator can mend. */
  | "ERR_RELAY_START";

/** Trouble that its message explains to the operator in one sentence. */
export class RelayError extends Error {
  override readonly name = "RelayError";
  readonly code: RelayErrorCode;

  constructor(code: RelayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
