import fc from "fast-check";
import { describe, expect, it } from "vitest";
import wabt from "wabt";
import { assemble } from "../src/wasm-assembler.ts";
import { operationsSource } from "../src/wasm-operations.ts";
import { validateUpdates, type CompoundUpdate } from "../src/wasm-updates.ts";
import { arbitraryUpdates } from "./arbitrary-updates.ts";

const oracle = await wabt();
const FEATURES = { threads: true, sat_float_to_int: true };

function wabtBytes(source: string): Uint8Array {
  const module = oracle.parseWat("region.wat", source, FEATURES);
  try {
    return module.toBinary({}).buffer;
  } finally {
    module.destroy();
  }
}

describe("the instance's bytes", () => {
  it("are what wabt makes of the same source", () => {
    const source = operationsSource([]);
    expect(assemble(source)).toEqual(wabtBytes(source));
  });

  it("are what wabt makes of every list of compound updates", () => {
    fc.assert(
      fc.property(arbitraryUpdates(), (updates: CompoundUpdate[]) => {
        validateUpdates(updates);
        const source = operationsSource(updates);
        expect(Buffer.from(assemble(source)).equals(wabtBytes(source))).toBe(true);
      }),
      { numRuns: 300, seed: 13 },
    );
  });

  it("need some hundred bytes", () => {
    expect(assemble(operationsSource([])).length).toBeLessThan(800);
  });
});

describe("the assembler", () => {
  it.each([
    ["(module", /parenthesis/],
    ["(modul)", /one \(module/],
    ['(module (func (export "f") (i32.nonsense)))', /unknown instruction i32.nonsense/],
    ['(module (func (export "f") (drop (local.get $missing))))', /no \$missing/],
    ['(module (func (export "f") (param $a i23)))', /unknown type i23/],
    ['(module (func (export "f") (loop $a (br_if $b (i32.const 0)))))', /no label \$b/],
    ['(module (func (export "f") drop))', /unfolded instruction drop/],
  ])("refuses %s", (source, message) => {
    expect(() => assemble(source)).toThrow(message);
  });
});
