/** What was wrong with a call. Stable: programs may compare it. */
export type TunnelClientErrorCode =
  /** An option is missing, of the wrong kind or out of its range; the message names it. */
  | "ERR_TUNNEL_CLIENT_OPTION"
  /** The table's keys are endpoints and an id was given, or the other way round. */
  | "ERR_TUNNEL_CLIENT_KEY_KIND"
  /** `attach` was given something that is not the handle of a table. */
  | "ERR_TUNNEL_CLIENT_HANDLE"
  /** `quality` of a table that was created without it. */
  | "ERR_TUNNEL_CLIENT_NO_QUALITY"
  /** The client was disposed. */
  | "ERR_TUNNEL_CLIENT_DISPOSED";

/** Misuse of a client or a table. What a packet can bring about is returned, never thrown. */
export class TunnelClientError extends Error {
  readonly code: TunnelClientErrorCode;

  constructor(code: TunnelClientErrorCode, message: string) {
    super(message);
    this.name = "TunnelClientError";
    this.code = code;
  }
}

/** @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION unless `value` is a finite number of that range */
export function requireNumber(name: string, value: unknown, minimum: number, maximum: number): number {
  if (typeof value === "number" && value >= minimum && value <= maximum) return value;
  throw new TunnelClientError(
    "ERR_TUNNEL_CLIENT_OPTION",
    `${name} is a number of ${minimum}..${maximum}, not ${typeof value === "string" ? `"${value}"` : String(value)}`,
  );
}
