import { LayoutError } from "./atomics-layout-error.ts";

/**
 * Where a step takes its operand from: a parameter of the update, by name, or a constant. In a 64-bit step a parameter may
 * be shifted, by 0..32 bits, and a small number added to it: `(parameter << shift) + plus`, modulo 2^64. So one addition
 * counts two things in one word.
 */
export type UpdateValue =
  | { readonly parameter: string; readonly shift?: number; readonly plus?: number }
  | { readonly constant: number };

/**
 * What a step does to the field at `byteOffset` (relative to the record, the call's first argument):
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
  /** The parameter that is the byte offset of the step's record, where that is another than the call's. */
  readonly record?: string | undefined;
  /**
   * What the update's caller is told of: `true` for an `advance32` that found another tick than the one it was given, a
   * list of bits, 0..63, for an `add64` that changed one of them.
   */
  readonly reports?: true | readonly number[] | undefined;
}

/**
 * A named list of steps, on one record or several, that a single WebAssembly call performs in order. Parameters are 32-bit. If a step
 * `reports`, the call's result is 1 when one of them had something to report, and 0 when none had.
 */
export interface CompoundUpdate {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly steps: readonly UpdateStep[];
}

/** The instance's export that performs an update. The prefix keeps it apart from the operations' names. */
export function updateExportName(update: CompoundUpdate): string {
  return `update.${update.name}`;
}

/** Whether the update's call has a result. */
export function isReporting(update: CompoundUpdate): boolean {
  return update.steps.some(({ reports }) => reports !== undefined);
}

/** The update as a WebAssembly function of (record's byte offset, …parameters). */
export function updateSource(update: CompoundUpdate): string {
  const parameters = update.parameters.map((name) => ` (param $${name} i32)`).join("");
  const steps = update.steps.map((step) => `    ${stepSource(step)}\n`).join("");
  const reporting = isReporting(update);
  const locals = [
    ...(update.steps.some(({ op }) => op === "advance32") ? ["(local $.seen i32)"] : []),
    ...(update.steps.some(({ reports }) => Array.isArray(reports)) ? ["(local $.before i64)"] : []),
    ...(reporting ? ["(local $.report i32)"] : []),
  ];
  const local = locals.length === 0 ? "" : `    ${locals.join(" ")}\n`;
  const head = `(export "${updateExportName(update)}") (param $.record i32)${parameters}`;
  const result = reporting ? "    (local.get $.report)\n" : "";
  return `\n  (func ${head}${reporting ? " (result i32)" : ""}\n${local}${steps}${result}  )\n`;
}

function stepSource(step: UpdateStep): string {
  const { op, byteOffset, value, record = ".record", reports } = step;
  const at = `offset=${byteOffset} (local.get $${record})`;
  const operand =
    "parameter" in value ? `(local.get $${value.parameter})` : `(i32.const ${value.constant | 0})`;
  const wide = wideSource(value, operand);
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
      if (Array.isArray(reports)) {
        const changed = `(i64.xor (local.get $.before) (i64.add (local.get $.before) ${wide}))`;
        const mask = BigInt.asIntN(64, maskOf(reports as readonly number[]));
        return `(local.set $.before (i64.atomic.rmw.add ${at} ${wide}))
    ${reportSource(`(i64.ne (i64.and ${changed} (i64.const ${mask})) (i64.const 0))`)}`;
      }
      return `(drop (i64.atomic.rmw.add ${at} ${wide}))`;
    case "sub64":
      return `(drop (i64.atomic.rmw.sub ${at} ${wide}))`;
    case "advance32": {
      const report =
        reports === true ? `\n    ${reportSource(`(i32.ne (local.get $.seen) ${operand})`)}` : "";
      return `(loop $again
      (local.set $.seen (i32.atomic.load ${at}))
      (if (i32.gt_s (i32.sub ${operand} (local.get $.seen)) (i32.const 0))
        (then (br_if $again
          (i32.ne (i32.atomic.rmw.cmpxchg ${at} (local.get $.seen) ${operand}) (local.get $.seen))))))${report}`;
    }
  }
}

function wideSource(value: UpdateValue, operand: string): string {
  if (!("parameter" in value)) return `(i64.const ${value.constant})`;
  const { shift = 0, plus = 0 } = value;
  const extended = `(i64.extend_i32_u ${operand})`;
  const shifted = shift === 0 ? extended : `(i64.shl ${extended} (i64.const ${shift}))`;
  return plus === 0 ? shifted : `(i64.add ${shifted} (i64.const ${plus}))`;
}

/** What a 64-bit step is given, by a parameter's or a constant's number. */
export function wideValue(value: UpdateValue, operand: number): bigint {
  if (!("parameter" in value)) return BigInt(operand);
  const { shift = 0, plus = 0 } = value;
  return BigInt.asUintN(64, (BigInt(operand >>> 0) << BigInt(shift)) + BigInt(plus));
}

function reportSource(condition: string): string {
  return `(local.set $.report (i32.or (local.get $.report) ${condition}))`;
}

/** A 64-bit word with these bits set. */
export function maskOf(bits: readonly number[]): bigint {
  return bits.reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n);
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
  { op, byteOffset, value, record, reports }: UpdateStep,
): void {
  const bytes = Object.hasOwn(OPERATION_BYTES, op)
    ? OPERATION_BYTES[op]
    : refuse(name, `unknown operation ${op}`);
  if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset + bytes > MAX_RECORD_BYTES) {
    refuse(name, `byte offset ${byteOffset} is outside a record`);
  }
  if (byteOffset % bytes !== 0)
    refuse(name, `byte offset ${byteOffset} is not a multiple of ${bytes} (${op})`);
  if (record !== undefined && !parameters.includes(record)) refuse(name, `it has no parameter ${record}`);
  if (reports !== undefined && !canReport(op, reports)) refuse(name, `${op} reports nothing of that kind`);
  if ("parameter" in value) {
    const { parameter, shift = 0, plus = 0 } = value;
    if (!parameters.includes(parameter)) refuse(name, `it has no parameter ${parameter}`);
    if (bytes === 4 && (shift !== 0 || plus !== 0)) refuse(name, `${op} takes its parameter as it is`);
    if (!isWithin(shift, 32)) refuse(name, `a shift of ${shift} bits`);
    if (!isWithin(plus, 0xffff_ffff)) refuse(name, `${plus} is nothing to add`);
    return;
  }
  const { constant } = value;
  const fits = bytes === 8 ? constant >= 0 : constant >= -0x80000000 && constant <= 0xffffffff;
  if (!Number.isSafeInteger(constant) || !fits) refuse(name, `constant ${constant} does not fit ${op}`);
}

function canReport(op: UpdateOperation, reports: true | readonly number[]): boolean {
  if (reports === true) return op === "advance32";
  return op === "add64" && reports.length > 0 && reports.every((bit) => isWithin(bit, 63));
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

function refuse(name: string, reason: string): never {
  throw new LayoutError("ERR_LAYOUT_UPDATE", `compound update "${name}": ${reason}`);
}
