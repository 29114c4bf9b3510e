import type { AccessSink, WaitResult } from "./memory-hooks.ts";
import { replacement } from "./operation.ts";
import type { AccessKind, Operation, OperationKind } from "./operation.ts";

/** The real memory, for code that runs alone: set-up, attaching and checks. `pause` and `wait` would never end there. */
export class DirectMemory implements AccessSink {
  /** Called with every word read or written. */
  readonly #touched: ((buffer: ArrayBufferLike, byteOffset: number) => void) | undefined;
  readonly #overwritten: { readonly view: DataView; readonly byteOffset: number; readonly value: number }[] =
    [];
  #accesses = 0;
  #pauses = 0;

  constructor(touched?: (buffer: ArrayBufferLike, byteOffset: number) => void) {
    this.#touched = touched;
  }

  /** Puts back every word as it was before this object wrote to it. */
  undo(): void {
    for (let last = this.#overwritten.pop(); last !== undefined; last = this.#overwritten.pop()) {
      last.view.setInt32(last.byteOffset, last.value, true);
    }
  }

  access(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    bytes: 1 | 2 | 4,
    operand: number,
    expected: number,
  ): number {
    this.#count();
    this.#touched?.(buffer, byteOffset);
    const view = new DataView(buffer);
    const old =
      bytes === 4
        ? view.getInt32(byteOffset, true)
        : bytes === 2
          ? view.getUint16(byteOffset, true)
          : view.getUint8(byteOffset);
    const value = replacement(alone(kind, operand, expected), old) as number;
    if (value !== old) this.#keep(view, byteOffset);
    if (bytes === 4) view.setInt32(byteOffset, value, true);
    else if (bytes === 2) view.setUint16(byteOffset, value, true);
    else view.setUint8(byteOffset, value);
    return old;
  }

  access64(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    operand: bigint,
    expected: bigint,
  ): bigint {
    this.#count();
    this.#touched?.(buffer, byteOffset);
    this.#touched?.(buffer, byteOffset + 4);
    const view = new DataView(buffer);
    const old = view.getBigUint64(byteOffset, true);
    this.#keep(view, byteOffset);
    this.#keep(view, byteOffset + 4);
    view.setBigUint64(byteOffset, replacement(alone(kind, operand, expected), old) as bigint, true);
    return old;
  }

  #keep(view: DataView, byteOffset: number): void {
    if (this.#touched === undefined) return;
    const word = byteOffset & ~3;
    this.#overwritten.push({ view, byteOffset: word, value: view.getInt32(word, true) });
  }

  fence(): void {
    // Alone: nothing to order.
  }

  /** An attempt that fails once fails for ever here, and a loop around it would never end. */
  #count(): void {
    if (++this.#accesses > 1_000_000)
      throw new Error("a million accesses where no other thread runs: endless");
  }

  pause(): void {
    if (++this.#pauses > 1_000_000) throw new Error("spins for ever where no other thread runs");
  }

  wait(buffer: ArrayBufferLike, byteOffset: number, expected: number, timeoutMs: number): WaitResult {
    if (this.access(buffer, byteOffset, "load", 4, 0, 0) !== expected) return "not-equal";
    if (timeoutMs === Infinity) throw new Error("waits for ever where no other thread runs");
    return "timed-out";
  }

  notify(): number {
    return 0;
  }
}

function alone(kind: OperationKind, operand: number | bigint, expected: number | bigint): Operation {
  return { kind, location: 0, high: -1, bytes: 4, shift: 0, operand, expected };
}
