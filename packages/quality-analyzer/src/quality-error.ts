/** What was wrong with a call. Stable: programs may compare it. */
export type QualityErrorCode =
  /** An option is missing, out of its range or contradicts another; the message names it. */
  | "ERR_QUALITY_OPTION"
  /** A slot outside the section of a region. */
  | "ERR_QUALITY_SLOT"
  /** A time that is not a finite number of milliseconds, or lies in the past of a virtual clock. */
  | "ERR_QUALITY_TIME";

/** Misuse of an analyzer or of a simulated link. What a packet can bring about never throws. */
export class QualityError extends Error {
  readonly code: QualityErrorCode;

  constructor(code: QualityErrorCode, message: string) {
    super(message);
    this.name = "QualityError";
    this.code = code;
  }
}

/** `value` if it lies within `least`..`most` (both included), else ERR_QUALITY_OPTION naming the option. */
export function requireRange(option: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new QualityError(
    "ERR_QUALITY_OPTION",
    `${option} must be a number from ${least} to ${most}, got ${typeof value === "string" ? `"${value}"` : String(value)}`,
  );
}
