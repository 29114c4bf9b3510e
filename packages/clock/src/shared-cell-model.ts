// The twin of shared-cell.ts under the export condition `@udp-relay/model-check`: the same exports, but every access is
// handed to the hooks that the model checker installed before it loaded this file.

/**
 * The checker's side, by structure (this package imports no tool): one call is one atomic step of the model.
 * 32-bit values cross as int32, 64-bit ones as bigint; the result is the value before.
 */
interface MemoryHooks {
  loaded: boolean;
  access(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: "load" | "store" | "compareExchange",
    bytes: 4,
    operand: number,
    expected: number,
  ): number;
  access64(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: "load" | "store",
    operand: bigint,
    expected: bigint,
  ): bigint;
  wait(
    buffer: ArrayBufferLike,
    byteOffset: number,
    expected: number,
    timeoutMs: number,
  ): "ok" | "not-equal" | "timed-out";
  notify(buffer: ArrayBufferLike, byteOffset: number, count: number): number;
}

const hooks = installedHooks();
hooks.loaded = true;

function installedHooks(): MemoryHooks {
  const found = (globalThis as Record<symbol, unknown>)[Symbol.for("@udp-relay/model-check")];
  if (found === undefined)
    throw new Error("@udp-relay/model-check must be loaded before the clock it checks");
  return found as MemoryHooks;
}

function at(
  array: { readonly BYTES_PER_ELEMENT: number; readonly byteOffset: number },
  index: number,
): number {
  return array.byteOffset + index * array.BYTES_PER_ELEMENT;
}

export function load(words: Int32Array, index: number): number {
  return hooks.access(words.buffer, at(words, index), "load", 4, 0, 0);
}

export function store(words: Int32Array, index: number, value: number): void {
  hooks.access(words.buffer, at(words, index), "store", 4, value | 0, 0);
}

export function compareExchange(words: Int32Array, index: number, expected: number, value: number): number {
  return hooks.access(words.buffer, at(words, index), "compareExchange", 4, value | 0, expected | 0);
}

export function load64(longs: BigInt64Array, index: number): number {
  return Number(hooks.access64(longs.buffer, at(longs, index), "load", 0n, 0n));
}

export function store64(longs: BigInt64Array, index: number, value: number): void {
  hooks.access64(longs.buffer, at(longs, index), "store", BigInt(value), 0n);
}

export function wait(
  words: Int32Array<SharedArrayBuffer>,
  index: number,
  expected: number,
  timeoutMs: number,
): "ok" | "not-equal" | "timed-out" {
  return hooks.wait(words.buffer, at(words, index), expected, timeoutMs);
}

export function notify(words: Int32Array<SharedArrayBuffer>, index: number): number {
  return hooks.notify(words.buffer, at(words, index), Infinity);
}
