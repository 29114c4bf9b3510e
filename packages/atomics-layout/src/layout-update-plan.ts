import type { UpdateOperation, UpdateStep, UpdateValue } from "@udp-relay/atomics-layout/memory";
import { LayoutError, type LayoutErrorCode } from "./atomics-layout-error.ts";
import { checkParameterName, checkUpdateName } from "./layout-names.ts";
import type { FieldPlacement, PlannedUpdate } from "./planned-layout.ts";
import type { FieldUpdate, Updates, UpdateVerb } from "./layout-update.ts";

/**
 * @throws LayoutError ERR_LAYOUT_UPDATE, ERR_LAYOUT_NAME; the message names the update and the field
 */
export function planUpdates(
  layoutName: string,
  updates: Updates,
  fields: Readonly<Record<string, FieldPlacement>>,
): PlannedUpdate[] {
  return Object.entries(updates).map(([name, { parameters, steps, description }]) => {
    const path = `${layoutName}.${name}()`;
    checkUpdateName(path, name);
    for (const parameter of parameters) checkParameterName(path, parameter);
    if (new Set(parameters).size !== parameters.length)
      refuse("ERR_LAYOUT_NAME", `${path}: two parameters are one`);
    const entries = Object.entries(steps);
    if (entries.length === 0) refuse("ERR_LAYOUT_UPDATE", `${path} has no steps`);
    const planned = entries.map(([fieldName, step]) => {
      const field = Object.hasOwn(fields, fieldName) ? fields[fieldName] : undefined;
      if (field === undefined)
        return refuse("ERR_LAYOUT_UPDATE", `${path}: there is no field "${fieldName}"`);
      return planStep(path, field, step, parameters);
    });
    const unused = parameters.find((parameter) => !planned.some(({ uses }) => uses === parameter));
    if (unused !== undefined) refuse("ERR_LAYOUT_UPDATE", `${path}: no step uses the parameter "${unused}"`);
    const compound = { name: `${layoutName}_${name}`, parameters, steps: planned.map(({ step }) => step) };
    return { name, parameters, description, phrases: planned.map(({ phrase }) => phrase), compound };
  });
}

interface PlannedStep {
  readonly step: UpdateStep;
  readonly phrase: string;
  readonly uses: string | undefined;
}

function planStep(
  path: string,
  field: FieldPlacement,
  step: FieldUpdate,
  parameters: readonly string[],
): PlannedStep {
  const entries = Object.entries(step) as [UpdateVerb, string | number][];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1) {
    return refuse(
      "ERR_LAYOUT_UPDATE",
      `${path}: "${field.name}" needs exactly one operation, such as { add: 1 }`,
    );
  }
  const [verb, operand] = entry;
  if (field.discipline !== "atomic" || field.shape !== "scalar") {
    const kind = field.shape === "scalar" ? field.discipline : `an ${field.shape}`;
    refuse(
      "ERR_LAYOUT_UPDATE",
      `${path}: "${field.name}" is ${kind}; a compound update is for atomic numbers`,
    );
  }
  const wide = field.byteLength === 8;
  const op = wide ? LONG_OPERATIONS[verb] : WORD_OPERATIONS[verb];
  if (op === undefined || (verb === "advance" && field.type !== "u32")) {
    refuse(
      "ERR_LAYOUT_UPDATE",
      `${path}: "${field.name}" is a ${field.type}, which has no operation "${verb}"`,
    );
  }
  const value = planOperand(path, field, operand, parameters);
  const uses = "parameter" in value ? value.parameter : undefined;
  return {
    step: { op, byteOffset: field.byteOffset, value },
    phrase: PHRASES[verb](field.name, operand),
    uses,
  };
}

function planOperand(
  path: string,
  field: FieldPlacement,
  operand: string | number,
  parameters: readonly string[],
): UpdateValue {
  if (typeof operand === "string") {
    if (parameters.includes(operand)) return { parameter: operand };
    return refuse("ERR_LAYOUT_UPDATE", `${path}: "${field.name}" uses "${operand}", which is no parameter`);
  }
  const [low, high] = RANGES[field.type] ?? [0, -1];
  if (!Number.isSafeInteger(operand) || operand < low || operand > high) {
    refuse("ERR_LAYOUT_UPDATE", `${path}: ${operand} is no constant for "${field.name}", a ${field.type}`);
  }
  return { constant: operand };
}

const WORD_OPERATIONS: Readonly<Record<UpdateVerb, UpdateOperation | undefined>> = {
  store: "store32",
  exchange: "exchange32",
  add: "add32",
  sub: "sub32",
  or: "or32",
  and: "and32",
  advance: "advance32",
};

const LONG_OPERATIONS: Readonly<Record<UpdateVerb, UpdateOperation | undefined>> = {
  store: "exchange64",
  exchange: "exchange64",
  add: "add64",
  sub: "sub64",
  or: undefined,
  and: undefined,
  advance: undefined,
};

/** 64-bit constants are taken as unsigned, by i64 fields too. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u64: [0, Number.MAX_SAFE_INTEGER],
  i64: [0, Number.MAX_SAFE_INTEGER],
};

const PHRASES: Readonly<Record<UpdateVerb, (field: string, operand: string | number) => string>> = {
  store: (field, operand) => `${field} = ${operand}`,
  exchange: (field, operand) => `${field} = ${operand} (ordered)`,
  add: (field, operand) => `${field} += ${operand}`,
  sub: (field, operand) => `${field} -= ${operand}`,
  or: (field, operand) => `${field} |= ${operand}`,
  and: (field, operand) => `${field} &= ${operand}`,
  advance: (field, operand) => `${field} = the later tick of ${field} and ${operand}`,
};

function refuse(code: LayoutErrorCode, message: string): never {
  throw new LayoutError(code, message);
}
