/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { compileLayout, createRegion, line, u64 } from "@udp-relay/atomics-layout";
import { describe, expect, it } from "vitest";
import { ABSENT, EXISTS, ShardedMap } from "@udp-relay/sharded-map";
import { guardEntries } from "../src/guards.ts";
import { MAP_NAME, mapHash } from "../src/map-plan.ts";
import { auditMap, inGuard, memoryOf } from "./map-audit.ts";

const thrown = (code: string): unknown => expect.objectContaining({ name: "ShardedMapError", code });

describe("keys that are no u32", () => {
  const wrong = [NaN, Infinity, -Infinity, 0.5, 1.5, 2 ** 32, 2 ** 53, -(2 ** 31) - 1, undefined, "7", null];

  it("make, remove and rename nothing, and are refused by a typed error", () => {
    using map = ShardedMap.create({ capacity: 8, key: "u32" });
    using _guard = map.enter();
    const handle = map.handle(map.getOrInsert(7));
    for (const key of wrong as number[]) {
      const refused = [
        () => map.getOrInsert(key),
        () => map.insert(key),
        () => map.remove(key),
        () => map.removeIf(key, () => true),
        () => map.rekey(handle, key),
      ];
      // A lookup takes "7" for 7: it is here, so that `getOrInsert` has nothing to make.
      for (const act of key === ("7" as unknown) ? refused.slice(1) : refused) {
        expect(act).toThrow(thrown("ERR_SHARDED_MAP_KEY"));
      }
    }
    expect([map.size, map.get(7)]).toEqual([1, map.resolve(handle)]);
    expect(auditMap(map)).toBe(undefined);
  });

  it("but may be int32: the same bits name the same entry, for whoever asks", () => {
    using map = ShardedMap.create({ capacity: 8, key: "u32" });
    using _guard = map.enter();
    for (const [int32, u32] of [
      [-1, 0xffff_ffff],
      [-(2 ** 31), 2 ** 31],
      [-0, 0],
    ] as const) {
      const slot = map.getOrInsert(int32);
      expect([map.get(u32), map.get(int32), map.keyOf(slot), map.has(u32)]).toEqual([slot, slot, u32, true]);
      expect(map.insert(u32)).toBe(EXISTS);
      expect(map.rekey(map.handle(slot), u32)).toBe(slot);
      expect(map.remove(u32)).toBe(slot);
      expect(map.get(int32)).toBe(ABSENT);
    }
  });
});

describe("endpoints that are none", () => {
  const host = { a0: 0, a1: 0, a2: 0xffff, a3: 0x7f00_0001, zone: 0 };

  it("with a port beyond 65,535 make and remove nothing, and are nobody's", () => {
    using map = ShardedMap.create({ capacity: 8, key: "endpoint" });
    using _guard = map.enter();
    const handle = map.handle(map.getOrInsertEndpoint({ ...host, port: 53 }));
    for (const port of [65_536, 65_536 + 53, -1, 0.5, NaN]) {
      const wrong = { ...host, port };
      const refused = [
        () => map.getOrInsertEndpoint(wrong),
        () => map.insertEndpoint(wrong),
        () => map.removeEndpoint(wrong),
        () => map.rekeyEndpoint(handle, wrong),
      ];
      for (const act of refused) expect(act).toThrow(thrown("ERR_SHARDED_MAP_KEY"));
    }
    expect([map.size, map.getEndpoint({ ...host, port: 65_536 + 53 })]).toEqual([1, ABSENT]);
    expect(map.getEndpoint({ ...host, port: 53 })).toBe(map.resolve(handle));
  });

  it("but IPv4 addresses with a zone, and those that only look like IPv4, are others than IPv4", () => {
    using map = ShardedMap.create({ capacity: 8, key: "endpoint" });
    using _guard = map.enter();
    const others = [
      { ...host, port: 53 },
      { ...host, port: 53, zone: 1 },
      { ...host, port: 53, a2: 0 },
      { ...host, port: 53, a1: 1 },
      { ...host, port: 53, a0: -1 },
    ];
    const slots = others.map((endpoint) => map.getOrInsertEndpoint(endpoint));
    expect(new Set(slots).size).toBe(others.length);
    expect(others.map((endpoint) => map.getEndpoint(endpoint))).toEqual(slots);
    expect(slots.map((slot) => map.endpointOf(slot))).toEqual(others);
  });
});

describe("a handle of another map", () => {
  it("is absent, or an entry of this one; whatever is done with it, no map is damaged", () => {
    using one = ShardedMap.create({ capacity: 20, key: "u32", shards: 2 });
    using other = ShardedMap.create({ capacity: 4, key: "u32" });
    const foreign = inGuard(one, () =>
      Array.from({ length: 20 }, (_, key) => one.handle(one.getOrInsert(key))),
    );
    inGuard(other, () => other.getOrInsert(1));
    const own = inGuard(other, () => other.handle(other.get(1)));
    for (const handle of foreign) {
      const slot = other.resolve(handle);
      expect(slot).toBe(handle === own ? other.resolve(own) : ABSENT);
      expect(other.isCurrent(handle)).toBe(slot >= 0);
      expect(other.rekey(handle, 1)).toBe(slot);
      if (handle !== own) expect(other.removeHandle(handle)).toBe(ABSENT);
    }
    expect([one.size, other.size]).toEqual([20, 1]);
    expect([auditMap(one), auditMap(other)]).toEqual([undefined, undefined]);
  });
});

describe("a map that its thread has disposed of", () => {
  it("refuses every guard by a typed error, and leaves the next owner's alone", () => {
    using map = ShardedMap.create({ capacity: 8, key: "u32", owners: 2 });
    const gone = ShardedMap.attach(map.shared);
    inGuard(gone, () => gone.getOrInsert(1));
    const handle = inGuard(gone, () => gone.handle(gone.get(1)));
    gone[Symbol.dispose]();
    gone[Symbol.dispose]();
    // The entry of the owners' table, and with it the guard's word, is another thread's now.
    using next = ShardedMap.attach(map.shared);
    using guard = next.enter();
    const entered = guardEntries(memoryOf(map), 1);
    for (const act of [
      () => gone.enter(),
      () => gone.has(1),
      () => gone.remove(1),
      () => gone.removeHandle(handle),
      () => gone.rekey(handle, 2),
      () => gone.forEach(() => undefined),
      () => [...gone.entries()],
      () => gone.sweep(() => true, 8),
      () => gone.clear(),
      () => gone.probeLengths(),
    ]) {
      expect(act).toThrow(thrown("ERR_SHARDED_MAP_DISPOSED"));
    }
    expect(() => gone.get(1)).toThrow(thrown("ERR_SHARDED_MAP_NO_GUARD"));
    expect(() => gone.getOrInsert(1)).toThrow(thrown("ERR_SHARDED_MAP_NO_GUARD"));
    expect([gone.size, gone.stats().size, gone.resolve(handle)]).toEqual([1, 1, next.get(1)]);
    expect(entered).not.toBe(0);
    expect(guardEntries(memoryOf(map), 1)).toBe(entered);
    expect(guard.depth).toBe(1);
  });
});

describe("what is no map, or another version's", () => {
  it("is refused by a typed error", () => {
    using map = ShardedMap.create({ capacity: 8, key: "u32" });
    const plan = { capacity: 8, sections: [{ name: "records", byteLength: 64 }] };
    const regions = [
      createRegion({ ...plan, name: "something else", hash: mapHash(undefined) }),
      createRegion({ ...plan, name: MAP_NAME, hash: mapHash(undefined) + 1 }),
    ];
    for (const { shared } of regions) {
      expect(() => ShardedMap.attach(shared)).toThrow(expect.objectContaining({ code: "ERR_REGION_LAYOUT" }));
    }
    // Its hash says that it is this version's, and its parameters that it is not.
    const forged = createRegion({ ...plan, name: MAP_NAME, hash: mapHash(undefined), parameters: [99] });
    expect(() => ShardedMap.attach(forged.shared)).toThrow(thrown("ERR_SHARDED_MAP_OPTION"));
    for (const handle of [undefined, null, {}, 7, { kind: "x", memory: map.region.memory }]) {
      expect(() => ShardedMap.attach(handle as never)).toThrow(
        expect.objectContaining({ name: "LayoutError" }),
      );
    }
    expect(map.region.owners().length).toBe(1);
  });

  it("and so is a record that is no layout: its View, a part of one", () => {
    const Thing = compileLayout("Thing", { hot: line({ packets: u64 }) });
    using map = ShardedMap.create({ capacity: 4, key: "u32", record: Thing });
    for (const record of [{ name: "Thing", hash: 77 }, Thing.View, {}] as never[]) {
      for (const act of [
        () => ShardedMap.create({ capacity: 4, key: "u32", record }),
        () => ShardedMap.attach(map.shared, { record }),
      ]) {
        expect(act).toThrow(thrown("ERR_SHARDED_MAP_OPTION"));
        expect(act).toThrow("record is a layout");
      }
    }
    // Who forgets the record, or takes another one, is told what to look for.
    const attach = "attach with the record that the map was created with, if any:";
    expect(() => ShardedMap.attach(map.shared)).toThrow(`${attach} none was given`);
    const Other = compileLayout("Other", { hot: line({ packets: u64 }) });
    expect(() => ShardedMap.attach(map.shared, { record: Other })).toThrow(`${attach} "Other" was given`);
    const capacity = "200" as unknown as number;
    expect(() => ShardedMap.create({ capacity, key: "u32" })).toThrow(/^capacity is .*, not "200"$/);
  });

  it("and so is a record of two kinds at once", () => {
    const record = { name: "Thing", hash: 77, byteLength: 64, lineBytes: 64 as const, updates: [] };
    const create = (): unknown => ShardedMap.create({ capacity: 4, key: "u32", record, recordBytes: 64 });
    expect(create).toThrow(thrown("ERR_SHARDED_MAP_OPTION"));
  });
});
