/** What was wrong with a call. Stable: programs may compare it. */
export type LayoutErrorCode =
  /** A field, group, update or layout that cannot be laid out; the message names it. */
  | "ERR_LAYOUT_FIELD"
  /** A name that is reserved, taken or no identifier. */
  | "ERR_LAYOUT_NAME"
  /** A group that overflows its cache lines. */
  | "ERR_LAYOUT_LINE"
  /** A field that was pinned to a place which another one takes. */
  | "ERR_LAYOUT_OVERLAP"
  /** A field that was pinned to a byte at which its type cannot begin. */
  | "ERR_LAYOUT_ALIGNMENT"
  /** Fields with different writers on one line, and nobody said that it is on purpose. */
  | "ERR_LAYOUT_WRITERS"
  /** A compound update whose steps cannot be performed, or that the region was opened without. */
  | "ERR_LAYOUT_UPDATE"
  /** A plan or option of a region out of range: capacity, section, parameter, owners. */
  | "ERR_REGION_PLAN"
  /** Not a region's handle. */
  | "ERR_REGION_HANDLE"
  /** The handle's memory is a plain ArrayBuffer: no other thread can see it. */
  | "ERR_REGION_NOT_SHARED"
  /** Nobody has finished initialising this memory. */
  | "ERR_REGION_NOT_READY"
  /** No region begins here. */
  | "ERR_REGION_MAGIC"
  /** Written by another format version of this package. */
  | "ERR_REGION_VERSION"
  /** The memory is smaller or larger than its header says. */
  | "ERR_REGION_SIZE"
  /** The header is damaged: checksum, section table or a bound. */
  | "ERR_REGION_CORRUPT"
  /** A region of another layout. */
  | "ERR_REGION_LAYOUT"
  /** No section of that name, or a slot outside it. */
  | "ERR_REGION_SECTION"
  /** Every owner entry is taken. */
  | "ERR_REGION_OWNERS"
  /** A repair that the region needs is not registered in this thread. */
  | "ERR_REGION_REPAIR"
  /** The worker to supervise has ended, or is no worker. */
  | "ERR_SUPERVISE_WORKER"
  /** An option of superviseWorker out of range. */
  | "ERR_SUPERVISE_OPTION";

/** Misuse of a layout or a region. Hot paths never throw it. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
  readonly code: LayoutErrorCode;

  constructor(code: LayoutErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
