// The twin of memory.ts under the export condition `@udp-relay/model-check`: the same exports, but every access is
// handed to the hooks that the model checker installed before it loaded this file.
import type { AccessKind, MemoryHooks } from "./memory-hooks.ts";
import { isReporting, maskOf, validateUpdates, wideValue } from "./wasm-updates.ts";
import type { CompoundUpdate, UpdateStep } from "./wasm-updates.ts";
// The types are those of the real module: a value import of it would bring unchecked accesses back.
// eslint-disable-next-line udp-relay/memory-by-name
import type { Bytes, Doubles, Floats, RegionOps, SharedMemory, Shorts, Words } from "./memory.ts";

export type { CompoundUpdate, UpdateOperation, UpdateStep, UpdateValue } from "./wasm-updates.ts";
// eslint-disable-next-line udp-relay/memory-by-name
export type { Bytes, Doubles, Floats, RegionOps, SharedMemory, Shorts, Words } from "./memory.ts";

const hooks = installedHooks();
hooks.loaded = true;

function installedHooks(): MemoryHooks {
  const found = (globalThis as Record<symbol, unknown>)[Symbol.for("@udp-relay/model-check")];
  if (found === undefined)
    throw new Error("@udp-relay/model-check must be loaded before the memory it checks");
  return found as MemoryHooks;
}

/** WebAssembly's page, and so the unit of a region's size. */
export const PAGE_BYTES = 65_536;

function at(
  array: { readonly BYTES_PER_ELEMENT: number; readonly byteOffset: number },
  index: number,
): number {
  return array.byteOffset + index * array.BYTES_PER_ELEMENT;
}

function access32(words: Words, index: number, kind: AccessKind, operand = 0, expected = 0): number {
  return hooks.access(words.buffer, at(words, index), kind, 4, operand | 0, expected | 0);
}

export function peek(words: Words, index: number): number {
  return access32(words, index, "peek");
}

export function poke(words: Words, index: number, value: number): void {
  access32(words, index, "poke", value);
}

export function peek8(bytes: Bytes, index: number): number {
  return hooks.access(bytes.buffer, at(bytes, index), "peek", 1, 0, 0);
}

export function poke8(bytes: Bytes, index: number, value: number): void {
  hooks.access(bytes.buffer, at(bytes, index), "poke", 1, value & 0xff, 0);
}

export function peek16(shorts: Shorts, index: number): number {
  return hooks.access(shorts.buffer, at(shorts, index), "peek", 2, 0, 0);
}

export function poke16(shorts: Shorts, index: number, value: number): void {
  hooks.access(shorts.buffer, at(shorts, index), "poke", 2, value & 0xffff, 0);
}

const scratch = new DataView(new ArrayBuffer(8));

export function peekF32(floats: Floats, index: number): number {
  scratch.setInt32(0, hooks.access(floats.buffer, at(floats, index), "peek", 4, 0, 0));
  return scratch.getFloat32(0);
}

export function pokeF32(floats: Floats, index: number, value: number): void {
  scratch.setFloat32(0, value);
  hooks.access(floats.buffer, at(floats, index), "poke", 4, scratch.getInt32(0), 0);
}

export function peekF64(doubles: Doubles, index: number): number {
  scratch.setBigUint64(0, hooks.access64(doubles.buffer, at(doubles, index), "peek", 0n, 0n));
  return scratch.getFloat64(0);
}

export function pokeF64(doubles: Doubles, index: number, value: number): void {
  scratch.setFloat64(0, value);
  hooks.access64(doubles.buffer, at(doubles, index), "poke", scratch.getBigUint64(0), 0n);
}

export function readBytes(bytes: Bytes, byteOffset: number, target: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = peek8(bytes, byteOffset + i);
}

export function writeBytes(bytes: Bytes, byteOffset: number, source: Uint8Array): void {
  for (let i = 0; i < source.length; i++) poke8(bytes, byteOffset + i, source[i]!);
}

export function load(words: Words, index: number): number {
  return access32(words, index, "load");
}

export function store(words: Words, index: number, value: number): void {
  access32(words, index, "store", value);
}

export function add(words: Words, index: number, value: number): number {
  return access32(words, index, "add", value);
}

export function sub(words: Words, index: number, value: number): number {
  return access32(words, index, "sub", value);
}

export function and(words: Words, index: number, value: number): number {
  return access32(words, index, "and", value);
}

export function or(words: Words, index: number, value: number): number {
  return access32(words, index, "or", value);
}

export function xor(words: Words, index: number, value: number): number {
  return access32(words, index, "xor", value);
}

export function exchange(words: Words, index: number, value: number): number {
  return access32(words, index, "exchange", value);
}

export function compareExchange(words: Words, index: number, expected: number, replacement: number): number {
  return access32(words, index, "compareExchange", replacement, expected);
}

export function wait(
  words: Words,
  index: number,
  expected: number,
  timeoutMs?: number,
): "ok" | "not-equal" | "timed-out" {
  return hooks.wait(words.buffer, at(words, index), expected | 0, timeoutMs ?? Infinity);
}

export function notify(words: Words, index: number, count?: number): number {
  return hooks.notify(words.buffer, at(words, index), count ?? Infinity);
}

export function pause(): void {
  hooks.pause();
}

type MemoryConstructor = new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;

export function allocate(byteLength: number): SharedMemory {
  const pages = Math.ceil(byteLength / PAGE_BYTES);
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: MemoryConstructor } }).WebAssembly;
  return new Memory({ initial: pages, maximum: pages, shared: true });
}

export function wordsOf(memory: SharedMemory): Words {
  return new Int32Array(memory.buffer);
}

export function bytesOf(memory: SharedMemory): Bytes {
  return new Uint8Array(memory.buffer);
}

export function shortsOf(memory: SharedMemory): Shorts {
  return new Uint16Array(memory.buffer);
}

export function floatsOf(memory: SharedMemory): Floats {
  return new Float32Array(memory.buffer);
}

export function doublesOf(memory: SharedMemory): Doubles {
  return new Float64Array(memory.buffer);
}

const unsigned = (value: number): bigint => BigInt.asUintN(64, BigInt(Math.trunc(value)));
const joined = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

export function instantiate(memory: SharedMemory, updates: readonly CompoundUpdate[]): RegionOps {
  validateUpdates(updates);
  const buffer = memory.buffer;
  let pair = 0n;
  let multipliers: readonly [bigint, bigint, bigint, bigint] = [0n, 0n, 0n, 0n];
  const word = (byteOffset: number, kind: AccessKind, operand = 0, expected = 0): number =>
    hooks.access(buffer, byteOffset, kind, 4, operand | 0, expected | 0);
  const access = (byteOffset: number, kind: AccessKind, operand = 0n, expected = 0n): bigint =>
    hooks.access64(buffer, byteOffset, kind, operand, expected);
  return {
    fence: () => {
      hooks.fence();
    },
    load32: (byteOffset) => word(byteOffset, "load"),
    store32: (byteOffset, value) => {
      word(byteOffset, "store", value);
    },
    add32: (byteOffset, value) => word(byteOffset, "add", value),
    compareExchange32: (byteOffset, expected, replacement) =>
      word(byteOffset, "compareExchange", replacement, expected),
    load64: (byteOffset) => Number(access(byteOffset, "load")),
    loadSigned64: (byteOffset) => Number(BigInt.asIntN(64, access(byteOffset, "load"))),
    store64: (byteOffset, value) => {
      access(byteOffset, "store", unsigned(value));
    },
    add64: (byteOffset, value) => Number(access(byteOffset, "add", unsigned(value))),
    exchange64: (byteOffset, value) => Number(access(byteOffset, "exchange", unsigned(value))),
    compareExchange64: (byteOffset, expected, replacement) =>
      Number(access(byteOffset, "compareExchange", unsigned(replacement), unsigned(expected))),
    loadPair: (byteOffset) => {
      pair = access(byteOffset, "load");
      return Number(pair & 0xffff_ffffn) | 0;
    },
    pairLow: () => Number(pair & 0xffff_ffffn) | 0,
    pairHigh: () => Number(pair >> 32n) | 0,
    storePair: (byteOffset, low, high) => {
      access(byteOffset, "store", joined(low, high));
    },
    exchangePair: (byteOffset, low, high) => {
      pair = access(byteOffset, "exchange", joined(low, high));
      return Number(pair & 0xffff_ffffn) | 0;
    },
    casPair: (byteOffset, expectedLow, expectedHigh, low, high) => {
      const expected = joined(expectedLow, expectedHigh);
      pair = access(byteOffset, "compareExchange", joined(low, high), expected);
      return pair === expected ? 1 : 0;
    },
    setMultipliers: (low0, high0, low1, high1, low2, high2, low3, high3) => {
      multipliers = [joined(low0, high0), joined(low1, high1), joined(low2, high2), joined(low3, high3)];
    },
    multilinear: (a, b, c, d) => {
      const [m0, m1, m2, m3] = multipliers;
      const sum = (m0 + joined(a, 0)) * (m1 + joined(b, 0)) + (m2 + joined(c, 0)) * (m3 + joined(d, 0));
      return Number(BigInt.asIntN(32, sum >> 32n));
    },
    update: Object.fromEntries(updates.map((update) => [update.name, steps(buffer, update)])),
  };
}

/** A compound update as the checker sees it: each step one atomic step, in order. */
function steps(
  buffer: ArrayBufferLike,
  update: CompoundUpdate,
): (record: number, ...values: number[]) => number | undefined {
  const reporting = isReporting(update);
  return (record, ...values) => {
    let report = 0;
    for (const step of update.steps) {
      if (performStep(buffer, record, step, update.parameters, values)) report = 1;
    }
    return reporting ? report : undefined;
  };
}

/** Returns whether the step has something to report. */
function performStep(
  buffer: ArrayBufferLike,
  record: number,
  { op, byteOffset, value, record: other, reports }: UpdateStep,
  parameters: readonly string[],
  values: readonly number[],
): boolean {
  const operand = "parameter" in value ? values[parameters.indexOf(value.parameter)]! : value.constant;
  const offset = (other === undefined ? record : values[parameters.indexOf(other)]!) + byteOffset;
  const kind = op === "store32" ? "poke" : (op.slice(0, -2) as AccessKind);
  if (op.endsWith("32")) {
    const before = hooks.access(buffer, offset, kind, 4, operand | 0, 0);
    return reports === true && before !== (operand | 0);
  }
  const wide = wideValue(value, operand);
  const before = hooks.access64(buffer, offset, kind, wide, 0n);
  if (!Array.isArray(reports)) return false;
  return ((before ^ (before + wide)) & maskOf(reports as readonly number[])) !== 0n;
}
