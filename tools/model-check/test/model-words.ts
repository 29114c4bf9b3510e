import { memoryHooks } from "../src/memory-hooks.ts";
import type { AccessKind } from "../src/operation.ts";

/** Shared words for the checker's own tests, reached through its hooks as the memory module's twin does. */
export class ModelWords {
  readonly buffer: ArrayBuffer;

  constructor(length: number) {
    this.buffer = new ArrayBuffer(length * 4);
  }

  #access(index: number, kind: AccessKind, operand = 0, expected = 0): number {
    return memoryHooks.access(this.buffer, index * 4, kind, 4, operand, expected);
  }

  peek = (index: number): number => this.#access(index, "peek");
  poke = (index: number, value: number): void => void this.#access(index, "poke", value);
  load = (index: number): number => this.#access(index, "load");
  store = (index: number, value: number): void => void this.#access(index, "store", value);
  add = (index: number, value: number): number => this.#access(index, "add", value);
  exchange = (index: number, value: number): number => this.#access(index, "exchange", value);
  compareExchange = (index: number, expected: number, value: number): number =>
    this.#access(index, "compareExchange", value, expected);
  add64 = (index: number, value: number): number =>
    Number(memoryHooks.access64(this.buffer, index * 4, "add", BigInt(value), 0n));
  load64 = (index: number): number => Number(memoryHooks.access64(this.buffer, index * 4, "load", 0n, 0n));
  fence = (): void => memoryHooks.fence();
  pause = (): void => memoryHooks.pause();
  wait = (index: number, expected: number, timeoutMs = Infinity): string =>
    memoryHooks.wait(this.buffer, index * 4, expected, timeoutMs);
  notify = (index: number, count = Infinity): number => memoryHooks.notify(this.buffer, index * 4, count);
}
