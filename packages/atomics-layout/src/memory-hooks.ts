/** What an access does; `peek` and `poke` are plain, all others are sequentially consistent. */
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

/**
 * The checker's side, by structure (this package imports no tool): one call is one atomic step of the model.
 * 32-bit values cross as int32, 64-bit ones as unsigned bigint; the result is the value before.
 */
export interface MemoryHooks {
  loaded: boolean;
  access(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    bytes: 1 | 2 | 4,
    operand: number,
    expected: number,
  ): number;
  access64(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    operand: bigint,
    expected: bigint,
  ): bigint;
  fence(): void;
  pause(): void;
  wait(
    buffer: ArrayBufferLike,
    byteOffset: number,
    expected: number,
    timeoutMs: number,
  ): "ok" | "not-equal" | "timed-out";
  notify(buffer: ArrayBufferLike, byteOffset: number, count: number): number;
}
