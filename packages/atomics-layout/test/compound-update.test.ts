import { LayoutError } from "@udp-relay/atomics-layout";
import {
  allocate,
  instantiate,
  type CompoundUpdate,
  type UpdateStep,
} from "@udp-relay/atomics-layout/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryUpdates, edgyWord, RECORD_BYTES } from "./arbitrary-updates.ts";

/** The same list of steps, performed one by one over `Atomics`: what the single WebAssembly call has to equal. */
function interpret(
  buffer: SharedArrayBuffer,
  record: number,
  update: CompoundUpdate,
  values: number[],
): number | undefined {
  let report = 0;
  for (const { op, byteOffset, value, record: other, reports } of update.steps) {
    const base = other === undefined ? record : values[update.parameters.indexOf(other)]!;
    const words = new Int32Array(buffer, base);
    const wide = new BigInt64Array(buffer, base);
    const operand =
      "parameter" in value ? values[update.parameters.indexOf(value.parameter)]! : value.constant;
    const at = byteOffset / (op.endsWith("64") ? 8 : 4);
    const operand64 =
      "parameter" in value
        ? BigInt(operand >>> 0) * 2n ** BigInt(value.shift ?? 0) + BigInt(value.plus ?? 0)
        : BigInt(operand);
    if (op === "store32") Atomics.store(words, at, operand);
    else if (op === "exchange32") Atomics.exchange(words, at, operand);
    else if (op === "add32") Atomics.add(words, at, operand);
    else if (op === "sub32") Atomics.sub(words, at, operand);
    else if (op === "or32") Atomics.or(words, at, operand);
    else if (op === "and32") Atomics.and(words, at, operand);
    else if (op === "exchange64") Atomics.exchange(wide, at, operand64);
    else if (op === "sub64") Atomics.sub(wide, at, operand64);
    else if (op === "add64") {
      const before = Atomics.add(wide, at, operand64);
      const after = Atomics.load(wide, at);
      const bits = (word: bigint): string => BigInt.asUintN(64, word).toString(2).padStart(64, "0");
      for (const bit of reports === true ? [] : (reports ?? [])) {
        if (bits(before).at(-1 - bit) !== bits(after).at(-1 - bit)) report = 1;
      }
    } else {
      const before = Atomics.load(words, at);
      if ((operand - before) << 0 > 0) Atomics.store(words, at, operand);
      if (reports === true && before >>> 0 !== operand >>> 0) report = 1;
    }
  }
  return update.steps.some(({ reports }) => reports !== undefined) ? report : undefined;
}

describe("a compound update", () => {
  it("equals its steps interpreted over Atomics", () => {
    const [left, right] = [allocate(65_536), allocate(65_536)];
    const [record, other] = [1_024, 2_048];
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
        for (const drawn of valuesOfCalls) {
          for (const update of updates) {
            const values = [...drawn.slice(0, update.parameters.length - 1), other];
            const result = ops.update[update.name]!(record, ...values);
            expect(result).toBe(interpret(right.buffer, record, update, values));
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
      "a record that no parameter names",
      [{ name: "a", parameters: ["x"], steps: [{ ...step, record: "y" }] }],
      /no parameter y/,
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
    ...(
      [
        [
          "a shift of a 32-bit step",
          { ...step, op: "add32", value: { parameter: "x", shift: 1 } },
          /as it is/,
        ],
        ["a shift too far", { ...step, value: { parameter: "x", shift: 33 } }, /a shift of 33/],
        ["half a bit", { ...step, value: { parameter: "x", shift: 0.5 } }, /a shift of 0.5/],
        ["something below zero to add", { ...step, value: { parameter: "x", plus: -1 } }, /nothing to add/],
        ["a report of no bits", { ...step, reports: [] }, /reports nothing/],
        ["a report of the 65th bit", { ...step, reports: [64] }, /reports nothing/],
        ["a report of an exchange", { ...step, op: "exchange64", reports: [1] }, /reports nothing/],
        ["a report of a sum as a whole", { ...step, reports: true }, /reports nothing/],
      ] as [string, UpdateStep, RegExp][]
    ).map(([what, one, message]): [string, CompoundUpdate[], RegExp] => [
      what,
      [{ name: "a", parameters: ["x"], steps: [one] }],
      message,
    ]),
  ])("is refused with %s", (_, updates, message) => {
    const attempt = (): unknown => instantiate(allocate(64), updates);
    expect(attempt).toThrow(LayoutError);
    expect(attempt).toThrow(message);
  });
});
