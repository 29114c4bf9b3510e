import { createRegion, LayoutError, type RegionPlan, type SectionPlan } from "@udp-relay/atomics-layout";
import { allocate, wordsOf } from "@udp-relay/atomics-layout/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { initializeHeader, readHeader } from "../src/region-header.ts";
import { layOut } from "../src/region-plan.ts";

const plan: RegionPlan = { name: "p", hash: 1, capacity: 1, sections: [] };
const section = (name: string, byteLength = 64, align?: 64 | 128): SectionPlan => ({
  name,
  byteLength,
  ...(align === undefined ? {} : { align }),
});

describe("a region's plan", () => {
  it("puts every section on lines of its own, aligned as asked", () => {
    const sections = fc.array(
      fc.record({
        byteLength: fc.integer({ min: 1, max: 5_000 }),
        align: fc.constantFrom(64 as const, 128 as const),
      }),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(sections, fc.integer({ min: 1, max: 256 }), (parts, owners) => {
        const header = layOut({
          ...plan,
          owners,
          sections: parts.map((part, i) => ({ ...part, name: `s${i}` })),
        });
        let end = Math.ceil((header.ownersByteOffset + owners * 128) / 64) * 64;
        header.sections.forEach(({ byteOffset, byteLength, align }, i) => {
          expect(byteLength).toBe(parts[i]!.byteLength);
          expect(byteOffset % align).toBe(0);
          expect(byteOffset).toBeGreaterThanOrEqual(end);
          end = Math.ceil((byteOffset + byteLength) / align) * align;
        });
        expect(header.byteLength % 65_536).toBe(0);
        expect(header.byteLength).toBeGreaterThanOrEqual(end);
        expect(header.byteLength - end).toBeLessThan(65_536);
      }),
    );
  });

  it("comes back from the header as it was", () => {
    const name = "Spieler-Größe ≤ 48";
    const full = {
      ...plan,
      name,
      hash: 0xffff_ffff,
      parameters: [1, -2, 0xffff_ffff],
      repairs: 2,
      owners: 3,
    };
    const header = layOut({ ...full, sections: [section("a", 1), section("ü", 300, 128)] });
    const words = wordsOf(allocate(header.byteLength));
    expect(initializeHeader(words, header, [1, 2, 3, 4])).toBe(true);
    expect(readHeader(words)).toEqual({ ...header, hashKeys: [1, 2, 3, 4] });
    expect(header.parameters).toEqual([1, -2, -1]);
  });

  it("leaves byte 0 to nobody, so that a missing offset hits no record", () => {
    const region = createRegion(plan);
    expect([...new Int32Array(region.memory.buffer, 0, 16)]).toEqual(new Array(16).fill(0));
    region.ops.add64(undefined as unknown as number, 1);
    region.ops.add64(NaN, 1);
    expect(() => readHeader(region.words)).not.toThrow();
  });

  it("gives every region keys of its own", () => {
    const keys = Array.from({ length: 20 }, () => createRegion(plan).hashKeys.join());
    expect(new Set(keys).size).toBe(20);
  });

  it.each<[string, RegionPlan, RegExp]>([
    ["no capacity", { ...plan, capacity: 0 }, /capacity is an integer of 1\.\.2147483647, not 0/],
    ["a capacity that is none", { ...plan, capacity: NaN }, /capacity/],
    ["a hash that is none", { ...plan, hash: -1 }, /hash/],
    ["no name", { ...plan, name: "" }, /1\.\.48 bytes/],
    ["a name too long", { ...plan, name: "ü".repeat(25) }, /takes 50/],
    ["a section without bytes", { ...plan, sections: [section("a", 0)] }, /byteLength of section "a"/],
    ["two sections of one name", { ...plan, sections: [section("a"), section("a")] }, /same name/],
    ["another alignment", { ...plan, sections: [section("a", 64, 32 as 64)] }, /64 or 128, not 32/],
    ["more than 4 GiB", { ...plan, sections: [section("a", 2 ** 32 - 64)] }, /4 GiB/],
    ["too many owners", { ...plan, owners: 257 }, /owners/],
    ["too many parameters", { ...plan, parameters: new Array<number>(33).fill(0) }, /number of parameters/],
    ["a parameter that does not fit", { ...plan, parameters: [2 ** 32] }, /parameter 0/],
    [
      "too many sections",
      { ...plan, sections: Array.from({ length: 65 }, (_, i) => section(`s${i}`)) },
      /sections/,
    ],
  ])("is refused with %s", (_, wrong, message) => {
    expect(() => createRegion(wrong)).toThrow(LayoutError);
    expect(() => createRegion(wrong)).toThrow(message);
  });

  it("holds as many records as the layout's options say, and more sections", () => {
    const layout = { name: "Client", hash: 5, byteLength: 256, lineBytes: 128, updates: [] } as const;
    const region = createRegion(layout, { capacity: 10, sections: [section("index", 400)], parameters: [7] });
    expect(region.section("records")).toMatchObject({ byteLength: 2_560, align: 128 });
    expect(region.section("records").byteOffset % 128).toBe(0);
    expect(region.section("index").byteLength).toBe(400);
    expect(region.parameters).toEqual([7]);
    expect(() => region.section("indices")).toThrow('has no section "indices" (it has: records, index)');
  });
});

describe("a region of more than 2 GiB", () => {
  it("is reached at every offset; what is not touched costs no memory", () => {
    const wide = { ...plan, sections: [section("low", 2 ** 31), section("high", 2 ** 29)] };
    const region = createRegion(wide);
    const there = createRegion(wide, { memory: region.memory });
    const last = region.section("high").byteOffset + 2 ** 29 - 8;
    region.ops.store64(last, 2 ** 40);
    region.words[last / 4 - 1] = -3;
    expect(there.ops.load64(last)).toBe(2 ** 40);
    expect(there.words[last / 4 - 1]).toBe(-3);
    expect(there.section("high").byteOffset).toBeGreaterThan(2 ** 31);
  });
});

describe("several threads that initialise one memory", () => {
  it("agree on one region, whoever was first", () => {
    const memory = allocate(layOut(plan).byteLength);
    const regions = [1, 2, 3].map(() => createRegion(plan, { memory }));
    expect(new Set(regions.map(({ hashKeys }) => hashKeys.join())).size).toBe(1);
  });

  it("refuse another plan and another size", () => {
    const memory = allocate(layOut(plan).byteLength);
    createRegion(plan, { memory });
    expect(() => createRegion({ ...plan, hash: 2 }, { memory })).toThrow(
      /not of the hash that was expected, 0x00000002: another layout/,
    );
    expect(() => createRegion({ ...plan, sections: [section("a", 65_536)] }, { memory })).toThrow(
      /takes 131072 bytes/,
    );
    for (const other of [
      { ...plan, capacity: 2 },
      { ...plan, owners: 3 },
      { ...plan, repairs: 1 },
      { ...plan, parameters: [1] },
    ]) {
      expect(() => createRegion(other, { memory })).toThrow(/of another capacity/);
    }
    const begun = allocate(65_536);
    new Int32Array(begun.buffer)[16] = 99;
    expect(() => createRegion(plan, { memory: begun })).toThrow(/being initialised for something else/);
  });
});
