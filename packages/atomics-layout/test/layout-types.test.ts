import { describe, expect, it } from "vitest";
import {
  array,
  bytes,
  compileLayout,
  createRegion,
  defineLayout,
  f64,
  i64,
  line,
  u32,
  u64,
  u8,
  update,
} from "@udp-relay/atomics-layout";

type Mutual<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Accepts only `true` when the types are the same. */
const same = <A, B>(proof: Mutual<A, B>): boolean => proof;

const Sample = compileLayout(
  "Sample",
  {
    hot: line({ packets: u64, seenMs: u32 }),
    cold: line(
      { rate: f64, cells: array(u8.singleWriter(), 4), key: bytes(4), signed: array(i64, 2) },
      { writers: "mixed" },
    ),
    fixed: line({ born: u32.immutable() }),
  },
  {
    updates: {
      received: update(["byteCount", "now"], { packets: { add: "byteCount" }, seenMs: { store: "now" } }),
    },
  },
);
const view = new Sample.View(createRegion(Sample, { capacity: 4 }));

/** The statements are checked by `tsc`; running them shows that the members exist. */
describe("TypeScript infers", () => {
  it("an atomic field's members", () => {
    expect(same<typeof view.packets, number>(true)).toBe(true);
    expect(same<Parameters<typeof view.addPackets>, [amount: number]>(true)).toBe(true);
    expect(same<ReturnType<typeof view.compareExchangeSeenMs>, number>(true)).toBe(true);
    expect([view.addPackets(2), view.packets, view.peekSeenMs()]).toEqual([0, 2, 0]);
    // @ts-expect-error an atomic field is stored by storePackets
    expect(() => (view.packets = 1)).toThrow(TypeError);
    // @ts-expect-error 64 bits are not read plainly
    expect(view.peekPackets).toBeUndefined();
  });

  it("a single writer's members", () => {
    view.rate = 0.5;
    view.addRate(0.25);
    view.setCells(3, 9);
    view.writeKey(Uint8Array.of(1, 2, 3, 4));
    expect([view.rate, view.cellsAt(3)]).toEqual([0.75, 9]);
    // @ts-expect-error a single writer needs no exchange
    expect(view.exchangeRate).toBeUndefined();
    // @ts-expect-error immutable bytes would have initKey
    expect(view.initKey).toBeUndefined();
  });

  it("an immutable field's members", () => {
    view.initBorn(7);
    expect(view.born).toBe(7);
    // @ts-expect-error nobody writes it later
    expect(() => (view.born = 8)).toThrow(TypeError);
  });

  it("an array's and an update's parameters", () => {
    expect(same<Parameters<typeof view.addSigned>, [index: number, amount: number]>(true)).toBe(true);
    expect(same<Parameters<typeof view.received>, [number, number]>(true)).toBe(true);
    view.at(1).received(100, 5);
    expect([view.packets, view.seenMs]).toEqual([100, 5]);
  });

  it("the names of the fields", () => {
    expect(
      same<keyof typeof Sample.fields, "packets" | "seenMs" | "rate" | "cells" | "key" | "signed" | "born">(
        true,
      ),
    ).toBe(true);
    expect(Sample.fields.born.byteOffset).toBe(128);
  });

  it("no member that there is not", () => {
    // @ts-expect-error there is no such field
    expect(view.nothing).toBeUndefined();
    // @ts-expect-error atomic operations need 32 or 64 bits
    expect(() => defineLayout("Small", { only: line({ small: u8.atomic() }) })).toThrow("cannot be atomic");
    const updates = { received: update(["now"], { seen: { store: "now" } }) };
    // @ts-expect-error the update names no field of the layout
    expect(() => defineLayout("Typo", { hot: line({ seenMs: u32 }) }, { updates })).toThrow(
      'no field "seen"',
    );
    // @ts-expect-error the step uses no parameter of the update
    expect(update(["now"], { seenMs: { store: "then" } }).parameters).toEqual(["now"]);
  });
});
