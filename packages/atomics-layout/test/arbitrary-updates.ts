import fc from "fast-check";
import type {
  CompoundUpdate,
  UpdateOperation,
  UpdateStep,
  UpdateValue,
} from "@udp-relay/atomics-layout/memory";

/** Bytes of the records that `arbitraryUpdates` writes to. */
export const RECORD_BYTES = 128;

const OPERATIONS_32: readonly UpdateOperation[] = [
  "store32",
  "exchange32",
  "add32",
  "sub32",
  "or32",
  "and32",
  "advance32",
];
const OPERATIONS_64: readonly UpdateOperation[] = ["exchange64", "add64", "sub64"];

/** The last parameter of each arbitrary update is the byte offset of another record, which some of the steps are on. */
const OTHER = "other";

/** Values at which 32-bit and 64-bit arithmetic turn, beside arbitrary ones. */
export const edgyWord: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 2, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff),
  fc.nat(0xffff_ffff),
);

function arbitraryStep(parameters: readonly string[]): fc.Arbitrary<UpdateStep> {
  const parameter = parameters.map((name): UpdateValue => ({ parameter: name }));
  const value32 = fc.oneof(
    fc.constantFrom(...parameter),
    edgyWord.map((constant): UpdateValue => ({ constant })),
  );
  const shifted = fc
    .tuple(fc.constantFrom(...parameters), fc.nat(32), edgyWord)
    .map(([name, shift, plus]): UpdateValue => ({ parameter: name, shift, plus }));
  const value64 = fc.oneof(
    fc.constantFrom(...parameter),
    shifted,
    fc.maxSafeNat().map((constant): UpdateValue => ({ constant })),
    edgyWord.map((constant): UpdateValue => ({ constant })),
  );
  const step32 = fc.record({
    op: fc.constantFrom(...OPERATIONS_32),
    byteOffset: fc.nat(RECORD_BYTES / 4 - 1).map((word) => word * 4),
    value: value32,
  });
  const step64 = fc.record({
    op: fc.constantFrom(...OPERATIONS_64),
    byteOffset: fc.nat(RECORD_BYTES / 8 - 1).map((pair) => pair * 8),
    value: value64,
  });
  const reporting = fc.oneof(
    step32.map((step): UpdateStep => ({ ...step, op: "advance32", reports: true })),
    fc
      .tuple(step64, fc.uniqueArray(fc.nat(63), { minLength: 1, maxLength: 3 }))
      .map(([step, reports]): UpdateStep => ({ ...step, op: "add64", reports })),
  );
  const step = fc.oneof({ arbitrary: step32, weight: 2 }, { arbitrary: step64, weight: 2 }, reporting);
  return fc
    .tuple(step, fc.boolean())
    .map(([one, elsewhere]): UpdateStep => (elsewhere ? { ...one, record: OTHER } : one));
}

/** One to four valid compound updates with one to eight steps each. */
export function arbitraryUpdates(): fc.Arbitrary<CompoundUpdate[]> {
  const update = fc.integer({ min: 1, max: 5 }).chain((count) => {
    const parameters = Array.from({ length: count }, (_, i) => `p${i}`);
    return fc
      .array(arbitraryStep(parameters), { minLength: 1, maxLength: 8 })
      .map((steps) => ({ parameters: [...parameters, OTHER], steps }));
  });
  return fc
    .array(update, { minLength: 1, maxLength: 4 })
    .map((updates) => updates.map((one, i): CompoundUpdate => ({ name: `update${i}`, ...one })));
}
