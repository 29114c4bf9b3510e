import { describe, expect, it } from "vitest";
import {
  array,
  bytes,
  defineLayout,
  f32,
  Field,
  LayoutError,
  line,
  u16,
  u32,
  u64,
  u8,
  update,
  type Groups,
  type LayoutErrorCode,
  type LayoutOptions,
  type Updates,
} from "@udp-relay/atomics-layout";

type Refusal = [
  why: string,
  code: LayoutErrorCode,
  message: string,
  groups: Groups,
  options?: unknown,
  name?: string,
];

const hot = line({ packets: u64, seenMs: u32 });

const refusals: Refusal[] = [
  [
    "a group that overflows its line",
    "ERR_LAYOUT_LINE",
    "Sample.hot.last ends at byte 65",
    { hot: line({ most: bytes(64), last: u8 }) },
  ],
  [
    "a group that overflows its lines",
    "ERR_LAYOUT_LINE",
    "has 2 lines of 64: move it",
    { hot: line({ most: array(u64, 17) }, { lines: 2 }) },
  ],
  [
    "the number of lines that would do",
    "ERR_LAYOUT_LINE",
    "say line({ … }, { lines: 3 })",
    { hot: line({ most: array(u64, 17) }, { lines: 2 }) },
  ],
  [
    "no whole number of lines",
    "ERR_LAYOUT_LINE",
    "Sample.hot: lines is 1.5",
    { hot: line({ a: u32 }, { lines: 1.5 }) },
  ],
  ["lines of another size", "ERR_LAYOUT_LINE", "lineBytes is 32", { hot }, { lineBytes: 32 }],
  [
    "a record that is too large",
    "ERR_LAYOUT_LINE",
    "at most 1048576",
    { hot: line({ a: bytes(1 << 20) }, { lines: 16384 }), more: hot },
  ],
  [
    "two fields in one place",
    "ERR_LAYOUT_OVERLAP",
    'Sample.hot.b would begin at byte 4 of its group, where "a" has bytes 0 to 7',
    { hot: line({ a: u64, b: u32.at(4) }) },
  ],
  [
    "a pinned place that is misaligned",
    "ERR_LAYOUT_ALIGNMENT",
    "Sample.hot.b: at(6) is misaligned, a u32 begins at a multiple of 4",
    { hot: line({ b: u32.at(6) }) },
  ],
  [
    "a pinned place that is none",
    "ERR_LAYOUT_ALIGNMENT",
    "Sample.hot.b: at(-4)",
    { hot: line({ b: u32.at(-4) }) },
  ],
  [
    "two writers on a line",
    "ERR_LAYOUT_WRITERS",
    'Sample.hot.mine (singleWriter, written by the owner) shares line 0 of the record with "all" (atomic, written by any thread)',
    { hot: line({ all: u32, mine: u32.singleWriter() }) },
  ],
  [
    "two single writers on a line",
    "ERR_LAYOUT_WRITERS",
    "written by b",
    { hot: line({ x: u32.singleWriter("a"), y: u32.singleWriter("b") }) },
  ],
  [
    "an immutable field on a written line",
    "ERR_LAYOUT_WRITERS",
    'Sample.hot.count (atomic, written by any thread) shares line 0 of the record with "key" (immutable)',
    { hot: line({ key: u32.immutable(), count: u32 }) },
  ],
  [
    "two writers on the second line of a group",
    "ERR_LAYOUT_WRITERS",
    "shares line 1",
    { hot: line({ a: array(u64.singleWriter("a"), 9), b: u64.singleWriter("b") }, { lines: 2 }) },
  ],
  [
    "a reserved field",
    "ERR_LAYOUT_NAME",
    'Sample.hot.slot: "slot" is reserved',
    { hot: line({ slot: u32 }) },
  ],
  [
    "a field named constructor",
    "ERR_LAYOUT_NAME",
    '"constructor" is reserved',
    { hot: line({ ["constructor"]: u32 }) },
  ],
  [
    "a field named then, which await would call",
    "ERR_LAYOUT_NAME",
    '"then" is reserved',
    { hot: line({ then: u32 }) },
  ],
  [
    "a field that is no name",
    "ERR_LAYOUT_NAME",
    "Sample.hot.Packets: the field needs a name",
    { hot: line({ Packets: u32 }) },
  ],
  ["a group that is no name", "ERR_LAYOUT_NAME", "the group needs a name", { "hot path": hot }],
  ["a layout that is no class name", "ERR_LAYOUT_NAME", 'layout "player"', { hot }, {}, "player"],
  [
    "one field in two groups",
    "ERR_LAYOUT_NAME",
    'Sample.cold.packets: group "hot" has a field of that name',
    { hot, cold: line({ packets: u32 }) },
  ],
  [
    "a field that is another's accessor",
    "ERR_LAYOUT_NAME",
    'both need the member "addPackets"',
    { hot: line({ packets: u32, addPackets: u32 }) },
  ],
  [
    "a writer that is no name",
    "ERR_LAYOUT_NAME",
    '"*/" is no name for a writer',
    { hot: line({ a: u32.atomic("*/") }) },
  ],
  [
    "atomic bytes of a float",
    "ERR_LAYOUT_FIELD",
    "Sample.hot.rate: f32 cannot be atomic",
    { hot: line({ rate: new Field("f32", "atomic", "scalar", 1) }) },
  ],
  [
    "an array of nothing",
    "ERR_LAYOUT_FIELD",
    "Sample.hot.a: its length is 0",
    { hot: line({ a: array(u32, 0) }) },
  ],
  ["a group of nothing", "ERR_LAYOUT_FIELD", "Sample.hot has no fields", { hot: line({}) }],
  ["nothing at all", "ERR_LAYOUT_FIELD", "Sample has no fields", {}],
];

const updateRefusals: [why: string, code: LayoutErrorCode, message: string, updates: Updates][] = [
  [
    "a field that is none",
    "ERR_LAYOUT_UPDATE",
    'Sample.received(): there is no field "bytes"',
    { received: update([], { bytes: { add: 1 } }) },
  ],
  [
    "a field of the prototype",
    "ERR_LAYOUT_UPDATE",
    'no field "toString"',
    { received: update([], { toString: { add: 1 } }) },
  ],
  [
    "a field with one writer",
    "ERR_LAYOUT_UPDATE",
    '"level" is singleWriter',
    { received: update([], { level: { add: 1 } }) },
  ],
  ["an array", "ERR_LAYOUT_UPDATE", '"cells" is an array', { received: update([], { cells: { add: 1 } }) }],
  [
    "an operation that its type has not",
    "ERR_LAYOUT_UPDATE",
    'is a u64, which has no operation "advance"',
    { received: update([], { packets: { advance: 1 } }) },
  ],
  [
    "two operations on one field",
    "ERR_LAYOUT_UPDATE",
    "exactly one operation",
    { received: update([], { packets: { add: 1, store: 2 } as { add: number } }) },
  ],
  [
    "an operand that is no parameter",
    "ERR_LAYOUT_UPDATE",
    'uses "now", which is no parameter',
    { received: { ...update([], {}), steps: { seenMs: { store: "now" } } } },
  ],
  [
    "a constant that does not fit",
    "ERR_LAYOUT_UPDATE",
    '4294967296 is no constant for "seenMs"',
    { received: update([], { seenMs: { add: 2 ** 32 } }) },
  ],
  [
    "a parameter that nobody uses",
    "ERR_LAYOUT_UPDATE",
    'no step uses the parameter "now"',
    { received: update(["now"], { packets: { add: 1 } }) },
  ],
  ["no steps", "ERR_LAYOUT_UPDATE", "Sample.received() has no steps", { received: update([], {}) }],
  [
    "a parameter twice",
    "ERR_LAYOUT_NAME",
    "two parameters",
    { received: update(["n", "n"], { packets: { add: "n" } }) },
  ],
  [
    "a parameter that is a word of the language",
    "ERR_LAYOUT_NAME",
    '"new" is a word',
    { received: update(["new"], { packets: { add: "new" } }) },
  ],
  [
    "the name of a field",
    "ERR_LAYOUT_NAME",
    "both need the member",
    { packets: update([], { packets: { add: 1 } }) },
  ],
  ["a reserved name", "ERR_LAYOUT_NAME", '"at" is reserved', { at: update([], { packets: { add: 1 } }) }],
];

describe("a layout is refused, and the message names the field:", () => {
  it.each(refusals)("%s", (_why, code, message, groups, options = {}, name = "Sample") => {
    expectRefusal(code, message, () => defineLayout(name, groups, options as LayoutOptions<Updates>));
  });
});

describe("an update is refused:", () => {
  const groups = {
    hot: line({ packets: u64, seenMs: u32, cells: array(u32, 2) }),
    cold: line({ level: u16.singleWriter() }),
  };
  it.each(updateRefusals)("%s", (_why, code, message, updates) => {
    expectRefusal(code, message, () =>
      defineLayout("Sample", groups, { updates: updates as Updates<never> }),
    );
  });
});

describe("different writers on a line", () => {
  it("are accepted when it is said on purpose", () => {
    const mixed = line({ key: u32.immutable(), count: u32, rate: f32 }, { writers: "mixed" });
    expect(defineLayout("Sample", { mixed }).byteLength).toBe(64);
  });

  it("may have a line each in one group", () => {
    const apart = line({ a: array(u64.singleWriter("a"), 8), b: u64.singleWriter("b") }, { lines: 2 });
    expect(defineLayout("Sample", { apart }).byteLength).toBe(128);
  });
});

function expectRefusal(code: LayoutErrorCode, message: string, attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(LayoutError);
    expect((error as LayoutError).message).toContain(message);
    expect((error as LayoutError).code).toBe(code);
    return;
  }
  expect.unreachable("it was accepted");
}
