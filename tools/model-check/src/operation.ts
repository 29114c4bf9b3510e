import type { LocationTable } from "./location-table.ts";

/** What an access does to memory. `peek` and `poke` are plain, `fence` orders, the others are sequentially consistent. */
export type AccessKind =
  | "peek"
  | "poke"
  | "load"
  | "store"
  | "add"
  | "sub"
  | "and"
  | "or"
  | "xor"
  | "exchange"
  | "compareExchange"
  | "advance";
export type OperationKind = AccessKind | "fence" | "pause" | "wait" | "notify";

/** What a step gave to the thread. Stores, fences and pauses give nothing. */
export type StepResult = number | bigint | string | undefined;

/** The next step of a thread: one atomic access to one word, or to two neighbours at once. */
export interface Operation {
  readonly kind: OperationKind;
  /** The word's location, or -1 for a fence or a pause. */
  readonly location: number;
  /** The second word of a 64-bit access, or -1. */
  readonly high: number;
  readonly bytes: 1 | 2 | 4 | 8;
  /** Where a narrow access starts in its word, in bits. */
  readonly shift: number;
  readonly operand: number | bigint;
  readonly expected: number | bigint;
}

export const isPlain = (operation: Operation): boolean =>
  operation.kind === "peek" || operation.kind === "poke";

/** Whether it may change memory, or who is waiting. A failed compare-exchange counts: only its execution tells. */
export function writes({ kind }: Operation): boolean {
  return kind !== "peek" && kind !== "load" && kind !== "pause" && kind !== "fence";
}

/** Whether what it does, or gives, depends on what is there. */
export function reads({ kind }: Operation): boolean {
  return kind !== "poke" && kind !== "store" && kind !== "pause" && kind !== "fence";
}

export function sameOperation(one: Operation, other: Operation): boolean {
  return (
    one.kind === other.kind &&
    one.location === other.location &&
    one.bytes === other.bytes &&
    one.shift === other.shift &&
    one.operand === other.operand &&
    one.expected === other.expected
  );
}

/** The value that a narrow or whole access finds in its word, or in its two words. */
export function extract(operation: Operation, low: number, high: number): number | bigint {
  if (operation.bytes === 8) return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  if (operation.bytes === 4) return low;
  return (low >>> operation.shift) & (operation.bytes === 1 ? 0xff : 0xffff);
}

/** The low word after `value` was written over it by a narrow or whole access. */
export function insertLow(operation: Operation, low: number, value: number | bigint): number {
  if (typeof value === "bigint") return Number(value & 0xffff_ffffn) | 0;
  if (operation.bytes === 4) return value | 0;
  const mask = (operation.bytes === 1 ? 0xff : 0xffff) << operation.shift;
  return (low & ~mask) | ((value << operation.shift) & mask);
}

export function insertHigh(value: number | bigint): number {
  return Number((value as bigint) >> 32n) | 0;
}

/** What an atomic access leaves where it found `old`; the same value where it leaves it alone. */
export function replacement(operation: Operation, old: number | bigint): number | bigint {
  if (typeof old === "bigint") {
    return BigInt.asUintN(
      64,
      replacement64(operation.kind, old, operation.operand as bigint, operation.expected),
    );
  }
  const operand = operation.operand as number;
  switch (operation.kind) {
    case "poke":
    case "store":
    case "exchange":
      return operand;
    case "add":
      return (old + operand) | 0;
    case "sub":
      return (old - operand) | 0;
    case "and":
      return old & operand;
    case "or":
      return old | operand;
    case "xor":
      return old ^ operand;
    case "compareExchange":
      return old === operation.expected ? operand : old;
    case "advance":
      return ((operand - old) | 0) > 0 ? operand : old;
    default:
      return old;
  }
}

function replacement64(kind: OperationKind, old: bigint, operand: bigint, expected: number | bigint): bigint {
  switch (kind) {
    case "poke":
    case "store":
    case "exchange":
      return operand;
    case "add":
      return old + operand;
    case "sub":
      return old - operand;
    case "compareExchange":
      return old === expected ? operand : old;
    default:
      return old;
  }
}

/** Whether the thread learns the value: a write's own value is known to it already. */
export function givesResult({ kind }: Operation): boolean {
  return kind !== "poke" && kind !== "store" && kind !== "fence" && kind !== "pause";
}

const number = (value: number | bigint): string =>
  typeof value === "bigint" || Math.abs(value) < 65_536 ? `${value}` : `0x${(value >>> 0).toString(16)}`;

/** A step as a person reads it: `compareExchange(lock, 0 -> 7) = 0`. */
export function describeOperation(
  operation: Operation,
  result: StepResult,
  locations: LocationTable,
): string {
  const { kind, location, operand, expected } = operation;
  if (location < 0) return kind;
  const name = locations.nameOf(location) + (operation.bytes === 8 ? " (64 bits)" : "");
  const gave = result === undefined ? "" : ` = ${typeof result === "string" ? result : number(result)}`;
  if (kind === "compareExchange") return `${kind}(${name}, ${number(expected)} -> ${number(operand)})${gave}`;
  if (kind === "peek" || kind === "load") return `${kind}(${name})${gave}`;
  if (kind === "wait") return `${kind}(${name}, while ${number(expected)})${gave}`;
  return `${kind}(${name}, ${number(operand)})${gave}`;
}
