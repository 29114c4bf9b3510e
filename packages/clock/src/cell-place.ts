import { type Cell, CELL_ALIGNMENT, CELL_BYTES, cellAt } from "./cell.ts";
import { ClockError } from "./clock-error.ts";

/** A clock's 64 bytes and where they are. */
export interface CellPlace {
  readonly cell: Cell;
  /** Undefined where there is no SharedArrayBuffer. */
  readonly buffer: SharedArrayBuffer | undefined;
  readonly byteOffset: number;
}

/**
 * A cell in memory of its own: 64 bytes with a cache line free on either side, because V8 aligns a SharedArrayBuffer
 * to 16 bytes only and what else lies on the cell's lines is written by somebody else.
 */
export function ownCell(): CellPlace {
  const bytes = CELL_BYTES * 3;
  if (typeof SharedArrayBuffer === "undefined") {
    return { cell: cellAt(new ArrayBuffer(bytes), CELL_BYTES), buffer: undefined, byteOffset: CELL_BYTES };
  }
  const buffer = new SharedArrayBuffer(bytes);
  return { cell: cellAt(buffer, CELL_BYTES), buffer, byteOffset: CELL_BYTES };
}

/** @throws ClockError `ERR_CLOCK_BUFFER_NOT_SHARED`, `ERR_CLOCK_OFFSET` */
export function placedCell(where: { readonly buffer: unknown; readonly byteOffset?: unknown }): CellPlace {
  const { buffer, byteOffset = 0 } = where;
  if (!isSharedArrayBuffer(buffer) || buffer.growable) {
    throw new ClockError("ERR_CLOCK_BUFFER_NOT_SHARED", "buffer must be a SharedArrayBuffer of fixed length");
  }
  if (
    typeof byteOffset !== "number" ||
    !Number.isInteger(byteOffset) ||
    byteOffset % CELL_ALIGNMENT !== 0 ||
    byteOffset < 0 ||
    byteOffset + CELL_BYTES > buffer.byteLength
  ) {
    throw new ClockError(
      "ERR_CLOCK_OFFSET",
      `byteOffset must be a multiple of ${CELL_ALIGNMENT} with ${CELL_BYTES} bytes of the buffer's ${buffer.byteLength} after it, got ${String(byteOffset)}`,
    );
  }
  return { cell: cellAt(buffer, byteOffset), buffer, byteOffset };
}

/** By tag, not `instanceof`: the buffer may come from another realm, and the class may not exist in a page. */
function isSharedArrayBuffer(value: unknown): value is SharedArrayBuffer {
  return Object.prototype.toString.call(value) === "[object SharedArrayBuffer]";
}
