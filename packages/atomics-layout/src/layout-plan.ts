import { LayoutError, type LayoutErrorCode } from "./atomics-layout-error.ts";
import { elementBytes, hasAtomicOperations } from "./field.ts";
import type { Field, FieldType } from "./field.ts";
import type { Groups, Line } from "./layout-group.ts";
import { layoutHash } from "./layout-hash.ts";
import { checkFieldName, checkGroupName, checkLayoutName, checkMembers } from "./layout-names.ts";
import type { Updates } from "./layout-update.ts";
import { planUpdates } from "./layout-update-plan.ts";
import { checkWriters } from "./layout-writers.ts";
import type { FieldPlacement, GroupPlacement, LayoutPlan, PlannedField } from "./planned-layout.ts";

const MAX_RECORD_BYTES = 1 << 20;
const WRITER = /^[A-Za-z][A-Za-z0-9 -]{0,39}$/;

/** Places the fields, or says which of them cannot be placed. Called by `defineLayout`. */
export function planLayout(name: string, groups: Groups, lineBytes: number, updates: Updates): LayoutPlan {
  checkLayoutName(name);
  if (lineBytes !== 64 && lineBytes !== 128) {
    refuse("ERR_LAYOUT_LINE", `${name}: lineBytes is ${lineBytes}, and only lines of 64 or 128 bytes exist`);
  }
  const placed: GroupPlacement[] = [];
  let byteOffset = 0;
  for (const [groupName, group] of Object.entries(groups)) {
    checkGroupName(name, groupName);
    const placement = placeGroup(`${name}.${groupName}`, groupName, group, byteOffset, lineBytes);
    if (!group.mixedWriters) checkWriters(`${name}.${groupName}`, placement, lineBytes);
    placed.push(placement);
    byteOffset += placement.byteLength;
  }
  if (byteOffset === 0) refuse("ERR_LAYOUT_FIELD", `${name} has no fields`);
  if (byteOffset > MAX_RECORD_BYTES) {
    refuse(
      "ERR_LAYOUT_LINE",
      `${name} has ${byteOffset} bytes, and a record has at most ${MAX_RECORD_BYTES}`,
    );
  }
  const fields = collectFields(name, placed);
  const plannedUpdates = planUpdates(name, updates, fields);
  checkMembers(name, Object.values(fields), plannedUpdates);
  const plan = { name, lineBytes, byteLength: byteOffset, groups: placed, fields, plannedUpdates } as const;
  return { ...plan, updates: plannedUpdates.map(({ compound }) => compound), hash: layoutHash(plan) };
}

function placeGroup(
  path: string,
  name: string,
  group: Line,
  begin: number,
  lineBytes: number,
): GroupPlacement {
  const { lines } = group;
  if (!Number.isInteger(lines) || lines < 1)
    refuse("ERR_LAYOUT_LINE", `${path}: lines is ${lines}, not 1 or more`);
  const limit = lines * lineBytes;
  const fields: PlannedField[] = [];
  let next = 0;
  for (const [fieldName, field] of Object.entries(group.fields)) {
    const fieldPath = `${path}.${fieldName}`;
    checkFieldName(fieldPath, fieldName);
    checkField(fieldPath, field);
    const bytes = elementBytes(field.type);
    const byteLength = bytes * field.length;
    const offset = field.byteOffset ?? Math.ceil(next / bytes) * bytes;
    checkPlace(fieldPath, offset, bytes, field.type);
    const taken = fields.find((other) =>
      overlaps(other.byteOffset - begin, other.byteLength, offset, byteLength),
    );
    if (taken !== undefined) {
      const other = `"${taken.name}" has bytes ${taken.byteOffset - begin} to ${taken.byteOffset - begin + taken.byteLength - 1}`;
      refuse("ERR_LAYOUT_OVERLAP", `${fieldPath} would begin at byte ${offset} of its group, where ${other}`);
    }
    next = offset + byteLength;
    if (next > limit) {
      const has = lines === 1 ? `one line of ${lineBytes}` : `${lines} lines of ${lineBytes}`;
      const enough = Math.ceil(next / lineBytes);
      refuse(
        "ERR_LAYOUT_LINE",
        `${fieldPath} ends at byte ${next} of its group, which has ${has}: move it to another group, or say line({ … }, { lines: ${enough} })`,
      );
    }
    const { type, shape, length, discipline, writer, description } = field;
    const place = { name: fieldName, group: name, byteOffset: begin + offset, byteLength };
    fields.push({ ...place, type, shape, length, discipline, writer, description });
  }
  if (fields.length === 0) refuse("ERR_LAYOUT_FIELD", `${path} has no fields`);
  fields.sort((a, b) => a.byteOffset - b.byteOffset);
  return { name, byteOffset: begin, byteLength: limit, fields };
}

function checkField(path: string, field: Field): void {
  if (field.writer !== undefined && !WRITER.test(field.writer)) {
    refuse(
      "ERR_LAYOUT_NAME",
      `${path}: "${field.writer}" is no name for a writer, such as "the receiving worker"`,
    );
  }
  if (!Number.isInteger(field.length) || field.length < 1 || field.length > MAX_RECORD_BYTES) {
    refuse("ERR_LAYOUT_FIELD", `${path}: its length is ${field.length}, not 1 to ${MAX_RECORD_BYTES}`);
  }
  if (field.discipline === "atomic" && !hasAtomicOperations(field.type)) {
    const types = "atomic operations exist for u32, i32, u64 and i64";
    refuse(
      "ERR_LAYOUT_FIELD",
      `${path}: ${field.type} cannot be atomic (${types}): say .singleWriter() or .immutable()`,
    );
  }
}

function checkPlace(path: string, offset: number, bytes: number, type: FieldType): void {
  if (!Number.isInteger(offset) || offset < 0) {
    refuse("ERR_LAYOUT_ALIGNMENT", `${path}: at(${offset}) is no byte of a group`);
  }
  if (offset % bytes !== 0) {
    refuse(
      "ERR_LAYOUT_ALIGNMENT",
      `${path}: at(${offset}) is misaligned, a ${type} begins at a multiple of ${bytes}`,
    );
  }
}

function overlaps(beginA: number, lengthA: number, beginB: number, lengthB: number): boolean {
  return beginA < beginB + lengthB && beginB < beginA + lengthA;
}

function collectFields(name: string, groups: readonly GroupPlacement[]): Record<string, FieldPlacement> {
  const fields: Record<string, FieldPlacement> = {};
  for (const field of groups.flatMap((group) => group.fields)) {
    const other = fields[field.name];
    if (other !== undefined) {
      const path = `${name}.${field.group}.${field.name}`;
      refuse("ERR_LAYOUT_NAME", `${path}: group "${other.group}" has a field of that name`);
    }
    const placement: FieldPlacement & { description?: unknown } = { ...field };
    delete placement.description;
    fields[field.name] = placement;
  }
  return fields;
}

function refuse(code: LayoutErrorCode, message: string): never {
  throw new LayoutError(code, message);
}
