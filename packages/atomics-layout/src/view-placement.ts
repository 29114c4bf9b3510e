import type { Discipline, FieldType } from "./field.ts";
import { elementBytes } from "./field.ts";
import type { FieldPlacement } from "./planned-layout.ts";

/** One line of a generated layout's `fields`. A `length` makes it an array, or is the number of bytes. */
export function placed(
  name: string,
  group: string,
  byteOffset: number,
  type: FieldType,
  discipline: Discipline,
  writer: string | undefined,
  length?: number,
): FieldPlacement {
  const shape = type === "bytes" ? "bytes" : length === undefined ? "scalar" : "array";
  const count = length ?? 1;
  const byteLength = elementBytes(type) * count;
  return { name, group, byteOffset, byteLength, type, shape, length: count, discipline, writer };
}
