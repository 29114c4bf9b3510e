import { LayoutError } from "./atomics-layout-error.ts";

/** Where a step takes its operand from: a parameter of the update, by name, or a constant. */
export type UpdateValue = { readonly parameter: string } | { readonly constant: number };

/**
 * What a step does to the field at `byteOffset` (relative to the record):
 *
 * - `store32` a plain store: exact by itself, orders nothing (use `exchange32` to publish)
 * - `exchange32`, `add32`, `sub32`, `or32`, `and32` atomic, modulo 2^32
 * - `advance32` stores a tick unless the field already holds a later one, `(value - old) | 0 > 0`, wrap-safe
 * - `exchange64`, `add64`, `sub64` atomic, modulo 2^64; the 32-bit parameter is taken as unsigned
 */
export type UpdateOperation =
  | "store32"
  | "exchange32"
  | "add32"
  | "sub32"
  | "or32"
  | "and32"
  | "advance32"
  | "exchange64"
  | "add64"
  | "sub64";

/** One operation of a compound update on one field. */
export interface UpdateStep {
  readonly op: UpdateOperation;
  readonly byteOffset: number;
  readonly value: UpdateValue;
}

/** A named list of steps on one record that a single WebAssembly call performs in order. Parameters are 32-bit. */
export interface CompoundUpdate {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly steps: readonly UpdateStep[];
}

/** The instance's export that performs an update. The prefix keeps it apart from the operations' names. */
export function updateExportName(update: CompoundUpdate): string {
  return `update.${update.name}`;
}

/** The update as a WebAssembly function of (record's byte offset, …parameters). */
export function updateSource(update: CompoundUpdate): string {
  const parameters = update.parameters.map((name) => ` (param $${name} i32)`).join("");
  const steps = update.steps.map((step) => `    ${stepSource(step)}\n`).join("");
  const local = update.steps.some(({ op }) => op === "advance32") ? "    (local $.seen i32)\n" : "";
  return `\n  (func (export "${updateExportName(update)}") (param $.record i32)${parameters}\n${local}${steps}  )\n`;
}

function stepSource({ op, byteOffset, value }: UpdateStep): string {
  const at = `offset=${byteOffset} (local.get $.record)`;
  const operand =
    "parameter" in value ? `(local.get $${value.parameter})` : `(i32.const ${value.constant | 0})`;
  const wide = "parameter" in value ? `(i64.extend_i32_u ${operand})` : `(i64.const ${value.constant})`;
  switch (op) {
    case "store32":
      return `(i32.store ${at} ${operand})`;
    case "exchange32":
      return `(drop (i32.atomic.rmw.xchg ${at} ${operand}))`;
    case "add32":
    case "sub32":
    case "or32":
    case "and32":
      return `(drop (i32.atomic.rmw.${op.slice(0, -2)} ${at} ${operand}))`;
    case "exchange64":
      return `(drop (i64.atomic.rmw.xchg ${at} ${wide}))`;
    case "add64":
    case "sub64":
      return `(drop (i64.atomic.rmw.${op.slice(0, -2)} ${at} ${wide}))`;
    case "advance32":
      return `(loop $again
      (local.set $.seen (i32.atomic.load ${at}))
      (if (i32.gt_s (i32.sub ${operand} (local.get $.seen)) (i32.const 0))
        (then (br_if $again
          (i32.ne (i32.atomic.rmw.cmpxchg ${at} (local.get $.seen) ${operand}) (local.get $.seen))))))`;
  }
}

const OPERATION_BYTES: Readonly<Record<UpdateOperation, 4 | 8>> = {
  store32: 4,
  exchange32: 4,
  add32: 4,
  sub32: 4,
  or32: 4,
  and32: 4,
  advance32: 4,
  exchange64: 8,
  add64: 8,
  sub64: 8,
};
const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]*$/;
const MAX_RECORD_BYTES = 1 << 20;

/**
 * Refuses what would not assemble, or would touch memory in a way the fields do not have: names that are no
 * identifiers or stand twice, unknown operations and parameters, misaligned or far offsets, constants that do not fit.
 *
 * @throws LayoutError ERR_LAYOUT_UPDATE
 */
export function validateUpdates(updates: readonly CompoundUpdate[]): void {
  const names = new Set<string>();
  for (const update of updates) {
    const { name, parameters, steps } = update;
    if (!IDENTIFIER.test(name)) refuse(name, "its name is not an identifier");
    if (names.has(name)) refuse(name, "another update has the same name");
    names.add(name);
    if (!parameters.every((parameter) => IDENTIFIER.test(parameter)))
      refuse(name, "a parameter is not an identifier");
    if (new Set(parameters).size !== parameters.length) refuse(name, "two parameters have the same name");
    if (parameters.length > 16) refuse(name, "it has more than 16 parameters");
    if (steps.length === 0 || steps.length > 64) refuse(name, "it needs 1 to 64 steps");
    for (const step of steps) validateStep(name, parameters, step);
  }
}

function validateStep(
  name: string,
  parameters: readonly string[],
  { op, byteOffset, value }: UpdateStep,
): void {
  const bytes = Object.hasOwn(OPERATION_BYTES, op)
    ? OPERATION_BYTES[op]
    : refuse(name, `unknown operation ${op}`);
  if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset + bytes > MAX_RECORD_BYTES) {
    refuse(name, `byte offset ${byteOffset} is outside a record`);
  }
  if (byteOffset % bytes !== 0)
    refuse(name, `byte offset ${byteOffset} is not a multiple of ${bytes} (${op})`);
  if ("parameter" in value) {
    if (!parameters.includes(value.parameter)) refuse(name, `it has no parameter ${value.parameter}`);
    return;
  }
  const { constant } = value;
  const fits = bytes === 8 ? constant >= 0 : constant >= -0x80000000 && constant <= 0xffffffff;
  if (!Number.isSafeInteger(constant) || !fits) refuse(name, `constant ${constant} does not fit ${op}`);
}

function refuse(name: string, reason: string): never {
  throw new LayoutError("ERR_LAYOUT_UPDATE", `compound update "${name}": ${reason}`);
}
