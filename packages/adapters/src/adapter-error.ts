/**
 * What a caller did wrong, or what the platform cannot do. Stable: programs may compare it. Trouble of the network is a
 * drop reason, never an error.
 */
export type AdapterErrorCode =
  /** An option is out of its range; the message names it. */
  | "ERR_ADAPTER_OPTION"
  /** The address or port cannot be bound; `cause` is the system's error. */
  | "ERR_ADAPTER_BIND"
  /** This runtime, version or platform lacks what was asked for. */
  | "ERR_ADAPTER_UNSUPPORTED"
  /** The transport is closed. */
  | "ERR_ADAPTER_CLOSED";

/** The one error class of this package. The message is for people and may change. */
export class AdapterError extends Error {
  override readonly name = "AdapterError";
  readonly code: AdapterErrorCode;

  constructor(code: AdapterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
