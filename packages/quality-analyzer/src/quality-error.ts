/** Stable codes of the errors that this package throws: always for a wrong option, never for a wrong packet. */
export type QualityErrorCode =
  | "ERR_QUALITY_OPTION" // an option is missing, out of range or contradicts another
  | "ERR_QUALITY_SLOT" // a slot outside the section of a region
  | "ERR_QUALITY_TIME"; // a time that is not a finite number of milliseconds, or the past of a virtual clock

/** Misuse of an analyzer or of a simulated link. */
export class QualityError extends Error {
  readonly code: QualityErrorCode;

  constructor(code: QualityErrorCode, message: string) {
    super(message);
    this.name = "QualityError";
    this.code = code;
  }
}

/** `value` if it lies within `least`..`most` (both included), else ERR_QUALITY_OPTION naming the option. */
export function requireRange(option: string, value: number, least: number, most: number): number {
  if (typeof value === "number" && value >= least && value <= most) return value;
  throw new QualityError(
    "ERR_QUALITY_OPTION",
    `${option} must be a number from ${least} to ${most}, got ${value}`,
  );
}
