import { LayoutError } from "./atomics-layout-error.ts";
import type { FieldPlacement, GroupPlacement } from "./planned-layout.ts";

/**
 * Refuses two fields of one cache line that are not written by the same: a write to either takes the line from the
 * processors that use the other, though they share no data (false sharing).
 *
 * @throws LayoutError ERR_LAYOUT_WRITERS
 */
export function checkWriters(path: string, group: GroupPlacement, lineBytes: number): void {
  const firstOfLine = new Map<number, FieldPlacement>();
  for (const field of group.fields) {
    const last = Math.floor((field.byteOffset + field.byteLength - 1) / lineBytes);
    for (let lineIndex = Math.floor(field.byteOffset / lineBytes); lineIndex <= last; lineIndex++) {
      const other = firstOfLine.get(lineIndex);
      if (other === undefined) firstOfLine.set(lineIndex, field);
      else if (!sameWriter(field, other)) {
        throw new LayoutError(
          "ERR_LAYOUT_WRITERS",
          `${path}.${field.name} (${writerOf(field)}) shares line ${lineIndex} of the record with "${other.name}" ` +
            `(${writerOf(other)}): each write of one slows down those who use the other; ` +
            `give it a group of its own, or say line({ … }, { writers: "mixed" })`,
        );
      }
    }
  }
}

/** "singleWriter, written by the owner", for messages and pictures. */
export function writerOf(field: FieldPlacement): string {
  return field.writer === undefined ? "immutable" : `${field.discipline}, written by ${field.writer}`;
}

function sameWriter(a: FieldPlacement, b: FieldPlacement): boolean {
  return a.discipline === b.discipline && a.writer === b.writer;
}
