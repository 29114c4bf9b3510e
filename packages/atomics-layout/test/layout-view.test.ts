import { describe, expect, it } from "vitest";
import {
  array,
  attachRegion,
  bytes,
  compileLayout,
  createRegion,
  i64,
  line,
  u32,
  u64,
  update,
} from "@udp-relay/atomics-layout";

describe("the snippet of the design", () => {
  it("works as it stands", () => {
    const Player = compileLayout("Player", {
      hot: line({ packets: u64, seenMs: u32 }),
      cold: line({ level: u32 }),
    });
    const region = createRegion(Player, { capacity: 1_000 });
    const slot = 999;
    new Player.View(region).at(slot).addPackets(1);
    expect(new Player.View(region).at(slot).packets).toBe(1);
  });
});

describe("a view", () => {
  const Cell = compileLayout("Cell", {
    hot: line({ count: u64, total: i64, tick: u32 }),
    own: line({ seen: u64.singleWriter(), key: bytes(4), steps: array(u32.singleWriter(), 3) }),
  });

  it("is the cursor that at() returns", () => {
    const region = createRegion(Cell, { capacity: 3 });
    const view = new Cell.View(region);
    expect(view.slot).toBe(0);
    expect(view.at(2)).toBe(view);
    expect(view.slot).toBe(2);
    expect(view.byteOffset).toBe(region.section("records").byteOffset + 2 * Cell.byteLength);
    expect(view.region).toBe(region);
    expect(view.constructor.name).toBe("CellView");
  });

  it("keeps its counters when it is told to add what is no number", () => {
    const view = new Cell.View(createRegion(Cell, { capacity: 1 }));
    view.seen = 5_000_000_000;
    view.storeCount(5_000_000_000);
    for (const nothing of [NaN, undefined as unknown as number]) {
      view.addSeen(nothing);
      view.addCount(nothing);
    }
    view.addSeen(Infinity);
    expect([view.seen, view.count]).toEqual([5_000_000_000, 5_000_000_000]);
    view.addSeen(-4_999_999_999);
    view.addSeen(2 ** 40);
    expect(view.seen).toBe(2 ** 40 + 1);
  });

  it("reaches no record beyond the section", () => {
    const view = new Cell.View(createRegion(Cell, { capacity: 3 }));
    for (const slot of [3, -1, 0.5, NaN, Infinity, 2 ** 32, "1" as unknown as number]) {
      expect(() => view.at(slot), String(slot)).toThrow(
        expect.objectContaining({ code: "ERR_REGION_SECTION" }) as Error,
      );
    }
    expect(view.slot).toBe(0);
  });

  it("keeps the records of slots and sections apart", () => {
    const sections = [{ name: "spare", byteLength: 2 * Cell.byteLength + 64 }];
    const region = createRegion(Cell, { capacity: 2, sections });
    const records = new Cell.View(region);
    const spare = new Cell.View(region, "spare");
    records.at(1).addCount(5);
    spare.at(1).addCount(7);
    expect([records.at(0).count, records.at(1).count, spare.at(0).count, spare.at(1).count]).toEqual([
      0, 5, 0, 7,
    ]);
    expect(() => spare.at(2)).toThrow("slot 2 is not one of 0..1");
    expect(() => new Cell.View(region, "missing")).toThrow('no section "missing"');
  });

  it("needs a region that was made with the layout's updates", () => {
    const updates = { counted: update([], { count: { add: 1 } }) };
    const Counted = compileLayout("Counted", { hot: line({ count: u64 }) }, { updates });
    const region = createRegion(Counted, { capacity: 1 });
    const bare = attachRegion(region.shared, { name: Counted.name, hash: Counted.hash });
    expect(() => new Counted.View(bare)).toThrow(
      expect.objectContaining({ code: "ERR_LAYOUT_UPDATE" }) as Error,
    );
    new Counted.View(attachRegion(region.shared, Counted)).counted();
    expect(new Counted.View(region).count).toBe(1);
  });

  it("serves two layouts of one region, whose updates have the same name", () => {
    const updates = { touched: update([], { value: { add: 1 } }) };
    const A = compileLayout("LayoutA", { hot: line({ value: u64 }) }, { updates });
    const B = compileLayout(
      "LayoutB",
      { cold: line({ other: u64 }), hot: line({ value: u64 }) },
      { updates },
    );
    const region = createRegion({
      name: "both",
      hash: 1,
      capacity: 1,
      sections: [A, B].map(({ name, byteLength }) => ({ name, byteLength })),
      updates: [...A.updates, ...B.updates],
    });
    const [a, b] = [new A.View(region, "LayoutA"), new B.View(region, "LayoutB")];
    a.touched();
    b.touched();
    b.touched();
    expect([a.value, b.value, b.other]).toEqual([1, 2, 0]);
  });

  it("is exact at the edges of 64 bits", () => {
    const view = new Cell.View(createRegion(Cell, { capacity: 1 }));
    for (const edge of [2 ** 31, 2 ** 32, 2 ** 53 - 2]) {
      view.storeCount(edge - 1);
      expect(view.addCount(2)).toBe(edge - 1);
      expect(view.count).toBe(edge + 1);
      view.storeTotal(-edge);
      expect(view.addTotal(-1)).toBe(-edge);
      expect(view.total).toBe(-edge - 1);
      expect(view.exchangeTotal(edge)).toBe(-edge - 1);
      expect(view.compareExchangeTotal(edge, -3)).toBe(edge);
      expect(view.compareExchangeTotal(edge, 5)).toBe(-3);
      expect(view.total).toBe(-3);
      view.seen = edge - 1;
      view.addSeen(2);
      expect(view.seen).toBe(edge + 1);
      view.addSeen(-3);
      expect(view.seen).toBe(edge - 2);
    }
  });

  it("wraps at 32 bits and takes -1 for the last value", () => {
    const view = new Cell.View(createRegion(Cell, { capacity: 1 }));
    view.storeTick(2 ** 32 - 1);
    expect(view.tick).toBe(2 ** 32 - 1);
    expect(view.addTick(2)).toBe(2 ** 32 - 1);
    expect(view.tick).toBe(1);
    view.storeTick(-1);
    expect(view.peekTick()).toBe(2 ** 32 - 1);
    expect(view.compareExchangeTick(2 ** 32 - 1, 4)).toBe(2 ** 32 - 1);
  });

  it("checks the index of an array and the length of bytes", () => {
    const view = new Cell.View(createRegion(Cell, { capacity: 2 })).at(1);
    view.setSteps(2, 9);
    view.addSteps(2, 1);
    expect([view.stepsAt(0), view.stepsAt(1), view.stepsAt(2)]).toEqual([0, 0, 10]);
    for (const index of [3, -1, 1.5, NaN]) {
      expect(() => view.setSteps(index, 1)).toThrow("Cell.own.steps: index");
    }
    view.writeKey(Uint8Array.of(1, 2, 3, 4));
    const key = new Uint8Array(4);
    view.readKey(key);
    expect([...key]).toEqual([1, 2, 3, 4]);
    expect(view.keyByteOffset).toBe(view.byteOffset + Cell.fields.key.byteOffset);
    expect(() => view.writeKey(new Uint8Array(5))).toThrow("Cell.own.key has 4 bytes, not 5");
    expect(() => view.readKey(new Uint8Array(3))).toThrow("Cell.own.key has 4 bytes, not 3");
  });
});
