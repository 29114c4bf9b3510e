import { describe, expect, it } from "vitest";
import {
  array,
  bytes,
  compileLayout,
  defineLayout,
  f64,
  line,
  u16,
  u32,
  u64,
  u8,
  update,
  type FieldPlacement,
} from "@udp-relay/atomics-layout";

const places = (fields: Readonly<Record<string, FieldPlacement>>): Record<string, [number, number]> =>
  Object.fromEntries(
    Object.values(fields).map(({ name, byteOffset, byteLength }) => [name, [byteOffset, byteLength]]),
  );

describe("a layout", () => {
  it("aligns fields in their order and begins every group on a line of its own", () => {
    const layout = defineLayout("Sample", {
      first: line({ a: u8, b: u16, c: f64, d: bytes(5), e: u8 }),
      second: line({ f: u32, g: u64, h: array(u32, 3) }, { lines: 2 }),
      third: line({ i: u32.immutable() }),
    });
    expect(places(layout.fields)).toEqual({
      a: [0, 1],
      b: [2, 2],
      c: [8, 8],
      d: [16, 5],
      e: [21, 1],
      f: [64, 4],
      g: [72, 8],
      h: [80, 12],
      i: [192, 4],
    });
    expect(layout.byteLength).toBe(256);
    expect(layout.lineBytes).toBe(64);
  });

  it("has lines of 128 bytes where it is asked to", () => {
    const groups = { a: line({ x: u64 }), b: line({ y: array(u64, 16) }) };
    const layout = defineLayout("Wide", groups, { lineBytes: 128 });
    expect(places(layout.fields)).toEqual({ x: [0, 8], y: [128, 128] });
    expect(layout.byteLength).toBe(256);
  });

  it("takes pinned places, and goes on behind the last one", () => {
    const layout = defineLayout("Pinned", { only: line({ tail: u32.at(60), head: u32.at(8), next: u32 }) });
    expect(places(layout.fields)).toEqual({ tail: [60, 4], head: [8, 4], next: [12, 4] });
  });

  it("has a hash that changes with the meaning of the bytes only", () => {
    const hashOf = (field: typeof u32 | ReturnType<typeof u32.singleWriter>, name = "Hashed"): number =>
      compileLayout(name, { only: line({ value: field }) }).hash;
    const plain = hashOf(u32);
    expect(hashOf(u32.describe("a tick"))).toBe(plain);
    expect(hashOf(u32.atomic("receivers"))).toBe(plain);
    expect(hashOf(u32, "Other")).not.toBe(plain);
    expect(hashOf(u32.singleWriter())).not.toBe(plain);
    expect(hashOf(u32.at(4))).not.toBe(plain);
    const updates = { touched: update(["now"], { value: { store: "now" } }) };
    expect(compileLayout("Hashed", { only: line({ value: u32 }) }, { updates }).hash).not.toBe(plain);
    expect(plain).toBeGreaterThan(0);
    expect(plain).toBeLessThan(2 ** 32);
  });
});
