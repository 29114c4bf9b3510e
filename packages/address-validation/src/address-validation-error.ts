/** What was wrong with a call. Stable: programs may compare it; the message is for people and may change. */
export type AddressErrorCode =
  /** Text that is not an address, or not in a form that is accepted. */
  | "ERR_ADDRESS_SYNTAX"
  /** A port that is missing, not an integer or outside 0..65535. */
  | "ERR_ADDRESS_PORT"
  /** A zone on an address that has none, or an empty, malformed or unknown zone. */
  | "ERR_ADDRESS_ZONE"
  /** Bytes, words or a family that cannot be an address. */
  | "ERR_ADDRESS_BYTES"
  /** A CIDR prefix whose length is missing, out of range, or has bits set behind it. */
  | "ERR_ADDRESS_PREFIX"
  /** A cache capacity that is not a power of two within its range. */
  | "ERR_ADDRESS_CACHE"
  /** Policy options that contradict themselves or name something that does not exist. */
  | "ERR_ADDRESS_POLICY";

/** The one error class of this package. Nothing else is ever thrown, whatever the input. */
export class AddressError extends Error {
  readonly code: AddressErrorCode;

  constructor(code: AddressErrorCode, message: string) {
    super(message);
    this.name = "AddressError";
    this.code = code;
  }
}
