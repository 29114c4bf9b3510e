import type { RegionOps } from "./region-ops.ts";
import { assemble } from "./wasm-assembler.ts";
import { operationsSource } from "./wasm-operations.ts";
import { updateExportName, validateUpdates } from "./wasm-updates.ts";
import type { CompoundUpdate } from "./wasm-updates.ts";

export type { RegionOps } from "./region-ops.ts";
export type { CompoundUpdate, UpdateOperation, UpdateStep, UpdateValue } from "./wasm-updates.ts";

/**
 * The one place where shared memory is touched. Import it by its package name only: under the export condition
 * `@udp-relay/model-check` that name is another file with the same exports, and the checker sees every access.
 * The functions are one line each so that the compilers inline them.
 *
 * Three strengths of access. Plain (`peek`, `poke`): a single word never tears, but a compiler may repeat, fold or
 * hoist the access and a processor may reorder it, so it is for a word's single writer, for words that cannot change
 * while they are read, and for hints. Atomic (`load`, `store`, …): sequentially consistent. A region's instance
 * (`RegionOps`): 64-bit operations, compound updates, the fence, and the atomic accesses of hot paths.
 *
 * Values are int32: write `>>> 0` where an unsigned word is meant. An index outside the array reads `undefined` or
 * throws, as the platform does; the callers bound their indexes.
 */
export type Words = Int32Array<SharedArrayBuffer>;
export type Bytes = Uint8Array<SharedArrayBuffer>;
export type Shorts = Uint16Array<SharedArrayBuffer>;
export type Floats = Float32Array<SharedArrayBuffer>;
export type Doubles = Float64Array<SharedArrayBuffer>;

/** WebAssembly's page, and so the unit of a region's size. */
export const PAGE_BYTES = 65_536;

/** Concurrency: any thread; plain, see above. */
export function peek(words: Words, index: number): number {
  return words[index]!;
}

/** Concurrency: the word's single writer; plain, may become visible late and after later plain stores. */
export function poke(words: Words, index: number, value: number): void {
  words[index] = value;
}

/** Concurrency: as `peek`, one byte, 0..255. */
export function peek8(bytes: Bytes, index: number): number {
  return bytes[index]!;
}

/** Concurrency: as `poke`, one byte. */
export function poke8(bytes: Bytes, index: number, value: number): void {
  bytes[index] = value;
}

/** Concurrency: as `peek`, 16 bits, 0..65,535. */
export function peek16(shorts: Shorts, index: number): number {
  return shorts[index]!;
}

/** Concurrency: as `poke`, 16 bits. */
export function poke16(shorts: Shorts, index: number, value: number): void {
  shorts[index] = value;
}

/** Concurrency: as `peek`. */
export function peekF32(floats: Floats, index: number): number {
  return floats[index]!;
}

/** Concurrency: as `poke`. */
export function pokeF32(floats: Floats, index: number, value: number): void {
  floats[index] = value;
}

/** Concurrency: as `peek`; eight aligned bytes, which 64-bit processors read at once. */
export function peekF64(doubles: Doubles, index: number): number {
  return doubles[index]!;
}

/** Concurrency: as `poke`; eight aligned bytes, which 64-bit processors write at once. */
export function pokeF64(doubles: Doubles, index: number, value: number): void {
  doubles[index] = value;
}

/** Copies shared bytes out. Concurrency: plain; bytes written meanwhile may come out mixed. */
export function readBytes(bytes: Bytes, byteOffset: number, target: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = bytes[byteOffset + i]!;
}

/** Copies bytes in. Concurrency: the bytes' single writer; plain. */
export function writeBytes(bytes: Bytes, byteOffset: number, source: Uint8Array): void {
  for (let i = 0; i < source.length; i++) bytes[byteOffset + i] = source[i]!;
}

/** Concurrency: any thread; sequentially consistent, never waits. */
export function load(words: Words, index: number): number {
  return Atomics.load(words, index);
}

/** Concurrency: any thread; sequentially consistent, never waits. */
export function store(words: Words, index: number, value: number): void {
  Atomics.store(words, index, value);
}

/** Returns the word before. Concurrency: any thread; sequentially consistent, never waits. */
export function add(words: Words, index: number, value: number): number {
  return Atomics.add(words, index, value);
}

/** Returns the word before. Concurrency: any thread; sequentially consistent, never waits. */
export function sub(words: Words, index: number, value: number): number {
  return Atomics.sub(words, index, value);
}

/** Returns the word before. Concurrency: any thread; sequentially consistent, never waits. */
export function and(words: Words, index: number, value: number): number {
  return Atomics.and(words, index, value);
}

/** Returns the word before. Concurrency: any thread; sequentially consistent, never waits. */
export function or(words: Words, index: number, value: number): number {
  return Atomics.or(words, index, value);
}

/** Returns the word before. Concurrency: any thread; sequentially consistent, never waits. */
export function xor(words: Words, index: number, value: number): number {
  return Atomics.xor(words, index, value);
}

/** Returns the word before. Concurrency: any thread; sequentially consistent, never waits. */
export function exchange(words: Words, index: number, value: number): number {
  return Atomics.exchange(words, index, value);
}

/** Returns the word before: it was replaced if that equals `expected`. Concurrency: any thread; never waits. */
export function compareExchange(words: Words, index: number, expected: number, replacement: number): number {
  return Atomics.compareExchange(words, index, expected, replacement);
}

/** Concurrency: blocks this thread until notified, while the word holds `expected`; not for event loops. */
export function wait(
  words: Words,
  index: number,
  expected: number,
  timeoutMs?: number,
): "ok" | "not-equal" | "timed-out" {
  return Atomics.wait(words, index, expected, timeoutMs);
}

/** Wakes up to `count` waiting threads (all, by default) and returns how many. Concurrency: any thread; never waits. */
export function notify(words: Words, index: number, count?: number): number {
  return Atomics.notify(words, index, count);
}

const pauseProcessor = (Atomics as { pause?: () => void }).pause;

/** One turn of a bounded spin: hints the processor where the platform can (Node >= 25, Bun). */
export function pause(): void {
  pauseProcessor?.();
}

/** A shared `WebAssembly.Memory` of fixed size. Declared here: the types of Node and Bun do not agree on that name. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}

interface WebAssemblyNamespace {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => SharedMemory;
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (
    module: object,
    imports: { region: { memory: SharedMemory } },
  ) => { readonly exports: unknown };
}

function webAssembly(): WebAssemblyNamespace {
  return (globalThis as unknown as { WebAssembly: WebAssemblyNamespace }).WebAssembly;
}

/** A shared memory of fixed size, rounded up to whole pages, zeroed, aligned to its pages. */
export function allocate(byteLength: number): SharedMemory {
  const pages = Math.ceil(byteLength / PAGE_BYTES);
  return new (webAssembly().Memory)({ initial: pages, maximum: pages, shared: true });
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

/** Layouts live long: one compiled module for each list of updates, however many regions and views use it. */
const modules = new WeakMap<readonly CompoundUpdate[], object>();

/**
 * A region's operations for this thread.
 *
 * @throws LayoutError ERR_LAYOUT_UPDATE for steps that cannot be performed
 */
export function instantiate(memory: SharedMemory, updates: readonly CompoundUpdate[]): RegionOps {
  let module = modules.get(updates);
  if (module === undefined) {
    validateUpdates(updates);
    module = new (webAssembly().Module)(assemble(operationsSource(updates)));
    modules.set(updates, module);
  }
  const { exports } = new (webAssembly().Instance)(module, { region: { memory } });
  const functions = exports as RegionOps & Record<string, () => number | undefined>;
  return {
    fence: functions.fence,
    load32: functions.load32,
    store32: functions.store32,
    add32: functions.add32,
    compareExchange32: functions.compareExchange32,
    load64: functions.load64,
    loadSigned64: functions.loadSigned64,
    store64: functions.store64,
    add64: functions.add64,
    exchange64: functions.exchange64,
    compareExchange64: functions.compareExchange64,
    loadPair: functions.loadPair,
    pairLow: functions.pairLow,
    pairHigh: functions.pairHigh,
    storePair: functions.storePair,
    exchangePair: functions.exchangePair,
    casPair: functions.casPair,
    setMultipliers: functions.setMultipliers,
    multilinear: functions.multilinear,
    update: Object.fromEntries(
      updates.map((update) => [update.name, functions[updateExportName(update)] as () => number | undefined]),
    ),
  };
}
