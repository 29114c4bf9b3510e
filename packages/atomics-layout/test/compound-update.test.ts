import { LayoutError } from "@udp-relay/atomics-layout";
import { allocate, instantiate, type CompoundUpdate } from "@udp-relay/atomics-layout/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryUpdates, edgyWord, RECORD_BYTES } from "./arbitrary-updates.ts";

/** The same list of steps, performed one by one over `Atomics`: what the single WebAssembly call has to equal. */
function interpret(
  buffer: SharedArrayBuffer,
  record: number,
  update: CompoundUpdate,
  values: number[],
): void {
  const words = new Int32Array(buffer, record);
  const wide = new BigInt64Array(buffer, record);
  for (const { op, byteOffset, value } of update.steps) {
    const operand =
      "parameter" in value ? values[update.parameters.indexOf(value.parameter)]! : value.constant;
    const at = byteOffset / (op.endsWith("64") ? 8 : 4);
    const operand64 = "parameter" in value ? BigInt(operand >>> 0) : BigInt(operand);
    if (op === "store32") Atomics.store(words, at, operand);
    else if (op === "exchange32") Atomics.exchange(words, at, operand);
    else if (op === "add32") Atomics.add(words, at, operand);
    else if (op === "sub32") Atomics.sub(words, at, operand);
    else if (op === "or32") Atomics.or(words, at, operand);
    else if (op === "and32") Atomics.and(words, at, operand);
    else if (op === "exchange64") Atomics.exchange(wide, at, operand64);
    else if (op === "add64") Atomics.add(wide, at, operand64);
    else if (op === "sub64") Atomics.sub(wide, at, operand64);
    else if ((operand - Atomics.load(words, at)) << 0 > 0) Atomics.store(words, at, operand);
  }
}

describe("a compound update", () => {
  it("equals its steps interpreted over Atomics", () => {
    const [left, right] = [allocate(65_536), allocate(65_536)];
    const record = 1_024;
    const whole = (buffer: SharedArrayBuffer): Uint8Array => new Uint8Array(buffer);
    const content = fc.uint8Array({ minLength: RECORD_BYTES, maxLength: RECORD_BYTES });
    const calls = fc.array(fc.array(edgyWord, { minLength: 5, maxLength: 5 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(arbitraryUpdates(), content, calls, (updates, bytes, valuesOfCalls) => {
        whole(left.buffer).fill(0).set(bytes, record);
        whole(right.buffer).fill(0).set(bytes, record);
        const ops = instantiate(left, updates);
        for (const values of valuesOfCalls) {
          for (const update of updates) {
            ops.update[update.name]!(record, ...values.slice(0, update.parameters.length));
            interpret(right.buffer, record, update, values);
          }
        }
        expect(Buffer.from(whole(left.buffer)).equals(whole(right.buffer))).toBe(true);
      }),
      { numRuns: 500, seed: 13 },
    );
  });

  it("advances a tick across its wrap and never back", () => {
    const memory = allocate(64);
    const words = new Uint32Array(memory.buffer);
    const advance: CompoundUpdate[] = [
      {
        name: "seen",
        parameters: ["tick"],
        steps: [{ op: "advance32", byteOffset: 4, value: { parameter: "tick" } }],
      },
    ];
    const { update } = instantiate(memory, advance);
    const seen = [0x7fff_ff00, 0x7fff_fe00, 0x8000_0100, 0xffff_fff0, 0x10, 0xffff_ffff, 0x11].map((tick) => {
      update.seen!(0, tick);
      return words[1];
    });
    expect(seen).toEqual([0x7fff_ff00, 0x7fff_ff00, 0x8000_0100, 0xffff_fff0, 0x10, 0x10, 0x11]);
  });

  it("traps outside the memory and leaves it unchanged", () => {
    const memory = allocate(65_536);
    const { update } = instantiate(memory, [
      { name: "count", parameters: [], steps: [{ op: "add64", byteOffset: 8, value: { constant: 1 } }] },
    ]);
    for (const record of [65_536, 65_536 - 8, -16, 4, 0xffff_fff0]) {
      expect(() => update.count!(record), String(record)).toThrow(/out of bounds|unaligned/i);
    }
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
  });

  const step = { op: "add64", byteOffset: 8, value: { constant: 1 } } as const;
  it.each<[string, CompoundUpdate[], RegExp]>([
    ["a name that is none", [{ name: "a b", parameters: [], steps: [step] }], /not an identifier/],
    ["two of one name", [1, 2].map(() => ({ name: "a", parameters: [], steps: [step] })), /same name/],
    ["a parameter twice", [{ name: "a", parameters: ["x", "x"], steps: [step] }], /two parameters/],
    ["a parameter that is no name", [{ name: "a", parameters: ["x)"], steps: [step] }], /a parameter is not/],
    ["no steps", [{ name: "a", parameters: [], steps: [] }], /1 to 64 steps/],
    [
      "an offset that is not aligned",
      [{ name: "a", parameters: [], steps: [{ ...step, byteOffset: 4 }] }],
      /multiple of 8/,
    ],
    [
      "an offset below the record",
      [{ name: "a", parameters: [], steps: [{ ...step, byteOffset: -8 }] }],
      /outside/,
    ],
    [
      "an offset that is none",
      [{ name: "a", parameters: [], steps: [{ ...step, byteOffset: NaN }] }],
      /outside/,
    ],
    [
      "an unknown operation",
      [{ name: "a", parameters: [], steps: [{ ...step, op: "toString" as "add64" }] }],
      /unknown op/,
    ],
    [
      "an unknown parameter",
      [{ name: "a", parameters: [], steps: [{ ...step, value: { parameter: "x" } }] }],
      /no param/,
    ],
    [
      "a constant too large",
      [{ name: "a", parameters: [], steps: [{ ...step, value: { constant: 2 ** 53 } }] }],
      /fit/,
    ],
    [
      "a constant below zero",
      [{ name: "a", parameters: [], steps: [{ ...step, value: { constant: -1 } }] }],
      /fit/,
    ],
  ])("is refused with %s", (_, updates, message) => {
    const attempt = (): unknown => instantiate(allocate(64), updates);
    expect(attempt).toThrow(LayoutError);
    expect(attempt).toThrow(message);
  });
});
