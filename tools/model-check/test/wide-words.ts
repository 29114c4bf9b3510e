import { memoryHooks } from "../src/memory-hooks.ts";
import type { AccessKind } from "../src/operation.ts";
import { ModelWords } from "./model-words.ts";

/** Every second value changes both halves, the others the low one. */
const UNIT = 0x8000_0001n;

/** Words of 64 bits for programs that know words only. A value whose halves do not belong together is an error. */
export class WideWords extends ModelWords {
  constructor(length: number) {
    super(2 * length);
  }

  #access(index: number, kind: AccessKind, operand = 0, expected = 0): bigint {
    return memoryHooks.access64(
      this.buffer,
      index * 8,
      kind,
      BigInt(operand) * UNIT,
      BigInt(expected) * UNIT,
    );
  }

  #read(index: number, kind: AccessKind, operand = 0, expected = 0): number {
    const found = this.#access(index, kind, operand, expected);
    if (found % UNIT !== 0n) throw new Error(`torn: 0x${found.toString(16)}`);
    return Number(found / UNIT);
  }

  override peek = (index: number): number => this.#read(index, "peek");
  override poke = (index: number, value: number): void => void this.#access(index, "poke", value);
  override load = (index: number): number => this.#read(index, "load");
  override store = (index: number, value: number): void => void this.#access(index, "store", value);
  override add = (index: number, value: number): number => this.#read(index, "add", value);
  override compareExchange = (index: number, expected: number, value: number): number =>
    this.#read(index, "compareExchange", value, expected);
}
