import type { FieldPlacement } from "@udp-relay/atomics-layout";
import { accessorsOf, type Accessor } from "../src/field-accessors.ts";
import type { LayoutPlan } from "../src/planned-layout.ts";

/**
 * What every accessor and update must do, over values in a map: no memory, no words, no doubles for integers.
 * A value outside what the documentation promises to be exact is `undefined`: such a call is not made.
 */
export class RecordModel {
  readonly #plan: LayoutPlan;
  readonly #values = new Map<string, bigint | number>();

  constructor(plan: LayoutPlan) {
    this.#plan = plan;
  }

  /** Performs the call and returns what it must return, or says that the call is outside the promise. */
  call(field: FieldPlacement, accessor: Accessor, index: number, first: number, second: number): unknown {
    const key = `${field.name}[${index}]`;
    const before = this.#values.get(key) ?? (isInteger(field) ? 0n : 0);
    const { verb } = accessor;
    if (verb === "get" || verb === "peek") return Number(before);
    if (verb === "compareExchange") {
      const expected = this.#stored(field, first);
      if (expected === undefined || this.#stored(field, second) === undefined) return OUTSIDE;
      if (expected === before) this.#values.set(key, this.#stored(field, second)!);
      return Number(before);
    }
    const plainSum = verb === "add" && field.discipline !== "atomic" && isInteger(field);
    if (plainSum && Math.abs(first) > 2 ** 52) return OUTSIDE;
    const after =
      verb !== "add"
        ? this.#stored(field, first)
        : typeof before === "bigint"
          ? this.#wrapped(field, before + BigInt(Math.trunc(first)))
          : this.#stored(field, before + first);
    if (after === undefined) return OUTSIDE;
    this.#values.set(key, after);
    return field.discipline === "atomic" && verb !== "store" ? Number(before) : undefined;
  }

  /** Performs a compound update, step by step in exact arithmetic. */
  update(index: number, values: readonly number[]): void {
    const { parameters, steps } = this.#plan.plannedUpdates[index]!.compound;
    for (const { op, byteOffset, value } of steps) {
      const field = Object.values(this.#plan.fields).find((one) => one.byteOffset === byteOffset)!;
      const key = `${field.name}[0]`;
      const before = (this.#values.get(key) ?? 0n) as bigint;
      const operand = BigInt(
        "parameter" in value ? values[parameters.indexOf(value.parameter)]! >>> 0 : value.constant,
      );
      const later = BigInt.asIntN(32, operand - before) > 0n ? operand : before;
      const after = {
        store: operand,
        exchange: operand,
        add: before + operand,
        sub: before - operand,
        or: before | operand,
        and: before & operand,
        advance: later,
      }[op.slice(0, -2) as "add"];
      const bits = field.byteLength * 8;
      this.#values.set(
        key,
        field.type.startsWith("u") ? BigInt.asUintN(bits, after) : BigInt.asIntN(bits, after),
      );
    }
  }

  #stored(field: FieldPlacement, value: number): bigint | number | undefined {
    if (field.type === "f32") return Math.fround(value);
    if (field.type === "f64") return value;
    return this.#wrapped(field, BigInt(Math.trunc(value)));
  }

  #wrapped({ type, discipline }: FieldPlacement, value: bigint): bigint | undefined {
    const bits = Number(type.slice(1));
    const wrapped = type.startsWith("u") ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value);
    if (bits < 64) return wrapped;
    const limit = 2n ** 53n;
    // Only an atomic u64 promises to wrap, and to round above 2^53 as any double does.
    if (type === "u64" && discipline === "atomic") return wrapped;
    return value >= (type === "u64" ? 0n : -limit) && value <= limit ? wrapped : undefined;
  }
}

/** The call is one whose result the documentation does not promise. */
export const OUTSIDE: unique symbol = Symbol("outside");

/** The accessors of a layout that take and give numbers, with their fields. */
export function numberAccessors(plan: LayoutPlan): [FieldPlacement, Accessor][] {
  return Object.values(plan.fields).flatMap((field) =>
    field.shape === "bytes" ? [] : accessorsOf(field).map((one): [FieldPlacement, Accessor] => [field, one]),
  );
}

function isInteger({ type }: FieldPlacement): boolean {
  return type !== "f32" && type !== "f64";
}
