import type { FieldPlacement, GroupPlacement, LayoutPlan } from "./planned-layout.ts";
import { writerOf } from "./layout-writers.ts";

const ROW_BYTES = 16;
const BYTE_WIDTH = 4;
const MARGIN = 6;

/**
 * The record as a picture, 16 bytes a row as RFCs draw datagrams, then its fields and updates as tables. At most 75
 * columns wide as long as the names of writers are short.
 */
export function layoutPicture(plan: LayoutPlan): string[] {
  const labels = new Map<FieldPlacement, string>();
  const pictures = plan.groups.flatMap((group) => groupPicture(group, plan.lineBytes, labels));
  return [...pictures, ...fieldTable(plan, labels), ...updateList(plan)];
}

/** Appends to `labels` the names that stand for fields too narrow for their own. */
function groupPicture(
  group: GroupPlacement,
  lineBytes: number,
  labels: Map<FieldPlacement, string>,
): string[] {
  const first = group.byteOffset / lineBytes;
  const lines = group.byteLength / lineBytes;
  const range = lines === 1 ? `line ${first}` : `lines ${first} to ${first + lines - 1}`;
  const writers = [...new Set(group.fields.map(writerOf))].join("; ");
  const owners: (FieldPlacement | undefined)[] = Array.from({ length: group.byteLength });
  for (const field of group.fields) {
    owners.fill(
      field,
      field.byteOffset - group.byteOffset,
      field.byteOffset - group.byteOffset + field.byteLength,
    );
  }
  const rows: string[] = [];
  const ruler = [0, 4, 8, 12]
    .map((byte) => String(byte).padEnd(4 * BYTE_WIDTH))
    .join("")
    .trimEnd();
  rows.push(`${range}: ${group.name} (${writers})`, "", " ".repeat(MARGIN) + ruler);
  const labelRows = new Map(group.fields.map((field) => [field, labelRow(field, group.byteOffset)]));
  for (let begin = 0; begin < owners.length; begin += ROW_BYTES) {
    rows.push(separator(owners, begin));
    const same = repeated(owners, begin);
    if (same > 2) {
      rows.push(" ".repeat(MARGIN) + ":" + " ".repeat(ROW_BYTES * BYTE_WIDTH - 1) + ":");
      begin += (same - 1) * ROW_BYTES;
      continue;
    }
    const byte = String(group.byteOffset + begin).padStart(MARGIN - 1);
    rows.push(`${byte} ${cells(owners, begin, labelRows, labels)}`);
  }
  rows.push(separator(owners, owners.length), "");
  return rows;
}

/** One row of cells; the name stands in the row where its field has the most room. */
function cells(
  owners: readonly (FieldPlacement | undefined)[],
  begin: number,
  labelRows: ReadonlyMap<FieldPlacement, number>,
  labels: Map<FieldPlacement, string>,
): string {
  let row = "|";
  for (let byte = begin; byte < begin + ROW_BYTES;) {
    const field = owners[byte];
    let end = byte + 1;
    while (end < begin + ROW_BYTES && owners[end] === field) end++;
    const width = (end - byte) * BYTE_WIDTH - 1;
    let text = "";
    if (field !== undefined && labelRows.get(field) === begin) {
      text = nameOf(field);
      if (text.length > width) {
        text = `#${labels.size + 1}`;
        labels.set(field, text);
      }
    }
    const left = Math.floor((width - text.length) / 2);
    row += " ".repeat(left) + text + " ".repeat(width - text.length - left) + "|";
    byte = end;
  }
  return row;
}

/** The rule above a row: open where a field goes on below itself. */
function separator(owners: readonly (FieldPlacement | undefined)[], begin: number): string {
  let rule = "";
  for (let column = 0; column < ROW_BYTES; column++) {
    const above = begin === 0 ? null : owners[begin - ROW_BYTES + column];
    const below = begin === owners.length ? null : owners[begin + column];
    const corner = column % 4 === 0 ? "+" : "-";
    rule += above === below && above !== undefined ? (column === 0 ? "+   " : "    ") : `${corner}---`;
  }
  return `${" ".repeat(MARGIN)}${rule}+`;
}

/** How many rows from here on are, like the row before and the row after them, wholly of one field (or of none). */
function repeated(owners: readonly (FieldPlacement | undefined)[], begin: number): number {
  if (begin === 0) return 0;
  const field = owners[begin - ROW_BYTES];
  const whole = (row: number): boolean =>
    row + ROW_BYTES <= owners.length && owners.slice(row, row + ROW_BYTES).every((owner) => owner === field);
  if (!whole(begin - ROW_BYTES)) return 0;
  let rows = 0;
  while (whole(begin + (rows + 1) * ROW_BYTES)) rows++;
  return rows;
}

/** The first row, relative to the group, in which the field has most bytes. */
function labelRow({ byteOffset, byteLength }: FieldPlacement, groupOffset: number): number {
  const begin = byteOffset - groupOffset;
  const firstRow = begin - (begin % ROW_BYTES);
  const inFirst = Math.min(byteLength, ROW_BYTES - (begin % ROW_BYTES));
  const inSecond = Math.min(byteLength - inFirst, ROW_BYTES);
  return inSecond > inFirst ? firstRow + ROW_BYTES : firstRow;
}

function nameOf({ name, shape, length }: FieldPlacement): string {
  return shape === "scalar" ? name : `${name}[${length}]`;
}

function fieldTable(plan: LayoutPlan, labels: ReadonlyMap<FieldPlacement, string>): string[] {
  const fields = plan.groups.flatMap((group) => group.fields);
  const rows = fields.map((field) => {
    const label = labels.get(field);
    const name = label === undefined ? nameOf(field) : `${nameOf(field)} ${label}`;
    return [String(field.byteOffset), field.type, name, writerOf(field)];
  });
  const table = [["byte", "type", "field", "discipline"], ...rows];
  const width = (column: number): number => Math.max(...table.map((row) => row[column]!.length));
  return table.map(([byte, type, name, discipline]) => {
    const place = `${byte!.padStart(MARGIN - 1)} ${type!.padEnd(width(1))}`;
    return `${place}  ${name!.padEnd(width(2))}  ${discipline!}`;
  });
}

function updateList({ plannedUpdates }: LayoutPlan): string[] {
  return plannedUpdates.flatMap(({ name, parameters, phrases }) => [
    "",
    `${name}(${parameters.join(", ")}), one call:`,
    ...phrases.map((phrase) => `  ${phrase}`),
  ]);
}
