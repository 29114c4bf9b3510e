import { LayoutError } from "./atomics-layout-error.ts";
import type { RecordLayout } from "./region-plan.ts";
import type { Region } from "./region.ts";

/** What a view needs of a region. */
export type ViewRegion = Pick<
  Region,
  "words" | "bytes" | "shorts" | "floats" | "doubles" | "ops" | "section"
>;

/** Members of every view. A view is one thread's cursor over the records of a section. */
export interface RecordView {
  readonly region: ViewRegion;
  /** The record that the view is at; 0 before the first `at`. */
  readonly slot: number;
  /** Where that record begins in the region, in bytes. */
  readonly byteOffset: number;
  /**
   * Moves to a record and returns the view itself: nothing is allocated.
   *
   * @throws LayoutError ERR_REGION_SECTION if there is no such slot
   */
  at(slot: number): this;
}

/** The constructor of a layout's views. */
export type ViewClass<View extends RecordView> = new (region: ViewRegion, sectionName?: string) => View;

/** The records of a section, as a view counts them. */
export interface SectionRecords {
  /** Index of the first record in 32-bit words. */
  readonly firstWord: number;
  readonly capacity: number;
}

/**
 * Finds the records of a section. Called by the constructor of every view.
 *
 * @throws LayoutError ERR_REGION_SECTION if the section is missing or holds no record, ERR_LAYOUT_UPDATE if the
 * region was created, or attached to, without the layout's updates
 */
export function recordsOf(
  region: ViewRegion,
  sectionName: string,
  layout: Pick<RecordLayout, "name" | "byteLength" | "lineBytes" | "updates">,
): SectionRecords {
  const { byteOffset, byteLength } = region.section(sectionName);
  const capacity = Math.floor(byteLength / layout.byteLength);
  if (capacity === 0 || byteOffset % layout.lineBytes !== 0) {
    throw new LayoutError(
      "ERR_REGION_SECTION",
      `section "${sectionName}" has ${byteLength} bytes at ${byteOffset}: no place for a ${layout.name} of ${layout.byteLength} bytes on a line of ${layout.lineBytes}`,
    );
  }
  for (const { name } of layout.updates) {
    if (region.ops.update[name] === undefined) {
      throw new LayoutError(
        "ERR_LAYOUT_UPDATE",
        `the region's plan has no update "${name}": pass ${layout.name}.updates in it, and the layout to attachRegion`,
      );
    }
  }
  return { firstWord: byteOffset / 4, capacity };
}

/** The error of `at`, thrown there so that the hot path stays small. */
export function slotError(layoutName: string, slot: number, capacity: number): LayoutError {
  return new LayoutError(
    "ERR_REGION_SECTION",
    `${layoutName}: slot ${slot} is not one of 0..${capacity - 1}`,
  );
}

/** The error of an array field's accessors. */
export function indexError(fieldPath: string, index: number, length: number): LayoutError {
  return new LayoutError("ERR_LAYOUT_FIELD", `${fieldPath}: index ${index} is not one of 0..${length - 1}`);
}

/** The error of a bytes field's accessors. */
export function lengthError(fieldPath: string, given: number, length: number): LayoutError {
  return new LayoutError("ERR_LAYOUT_FIELD", `${fieldPath} has ${length} bytes, not ${given}`);
}
