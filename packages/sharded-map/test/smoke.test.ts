/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { describe, expect, it } from "vitest";
import { ABSENT, BUSY, EXISTS, FULL, ShardedMap, ShardedMapError } from "@udp-relay/sharded-map";
import { auditMap, inGuard } from "./map-audit.ts";

const endpoint = (host: number, port: number, zone = 0) => ({
  a0: 0,
  a1: 0,
  a2: 0xffff,
  a3: host | 0,
  port,
  zone,
});

describe("a u32 map", () => {
  it("inserts, finds, removes, and refuses at its capacity", () => {
    using map = ShardedMap.create({ capacity: 3, key: "u32" });
    using _guard = map.enter();
    const slot = map.getOrInsert(7);
    expect(slot).toBeGreaterThanOrEqual(0);
    expect(map.created).toBe(true);
    expect(map.getOrInsert(7)).toBe(slot);
    expect(map.created).toBe(false);
    expect(map.insert(7)).toBe(EXISTS);
    expect(map.keyOf(slot)).toBe(7);
    expect(map.insert(0)).toBeGreaterThanOrEqual(0);
    expect(map.insert(0xffff_ffff)).toBeGreaterThanOrEqual(0);
    expect(map.keyOf(map.get(0xffff_ffff))).toBe(0xffff_ffff);
    expect(map.isFull).toBe(true);
    expect(map.getOrInsert(8)).toBe(FULL);
    expect(map.created).toBe(false);
    expect(map.stats().full).toBe(1);
    expect(map.remove(7)).toBe(slot);
    expect(map.remove(7)).toBe(ABSENT);
    expect(map.get(7)).toBe(ABSENT);
    expect(map.size).toBe(2);
    expect(map.getOrInsert(8)).toBeGreaterThanOrEqual(0);
  });

  it("gives handles that outlive guards and never name another entry", () => {
    using map = ShardedMap.create({ capacity: 1, key: "u32", workers: 1, batch: 1 });
    let first: number;
    {
      using _guard = map.enter();
      first = map.handle(map.getOrInsert(1));
    }
    expect(map.resolve(first)).toBeGreaterThanOrEqual(0);
    expect(map.isCurrent(first)).toBe(true);
    const seen = new Set([first]);
    for (let life = 0; life < 20; life++) {
      expect(map.removeIf(1, () => false)).toBe(ABSENT);
      expect(map.remove(1)).toBeGreaterThanOrEqual(0);
      using _guard = map.enter();
      const handle = map.handle(map.getOrInsert(1));
      expect(seen.has(handle)).toBe(false);
      seen.add(handle);
      expect(map.resolve(first)).toBe(ABSENT);
      expect(map.isCurrent(first)).toBe(false);
      expect(map.resolve(handle)).toBe(map.get(1));
    }
  });

  it("changes an entry's key in place", () => {
    using map = ShardedMap.create({ capacity: 8, key: "u32" });
    using _guard = map.enter();
    const slot = map.getOrInsert(1);
    const handle = map.handle(slot);
    map.getOrInsert(2);
    expect(map.rekey(handle, 2)).toBe(EXISTS);
    expect(map.rekey(handle, 3)).toBe(slot);
    expect(map.rekey(handle, 3)).toBe(slot);
    expect([map.get(1), map.get(3), map.resolve(handle), map.size]).toEqual([ABSENT, slot, slot, 2]);
    expect(map.removeHandle(handle)).toBe(slot);
    expect(map.rekey(handle, 4)).toBe(ABSENT);
    expect(map.get(3)).toBe(ABSENT);
  });
});

describe("an endpoint map", () => {
  it("tells endpoints apart by every word", () => {
    using map = ShardedMap.create({ capacity: 64, key: "endpoint", recordBytes: 16 });
    using _guard = map.enter();
    const different = [
      endpoint(0x7f000001, 1),
      endpoint(0x7f000001, 2),
      endpoint(0x7f000002, 1),
      endpoint(0x7f000001, 1, 3),
      { a0: 0x20010db8, a1: 0, a2: 0, a3: 0x7f000001, port: 1, zone: 0 },
      { a0: 0x20010db8, a1: 1, a2: 0, a3: 0x7f000001, port: 1, zone: 0 },
      { a0: -2, a1: 1, a2: 0, a3: -1, port: 65_535, zone: 0xffff_ffff },
    ];
    const slots = different.map((key) => map.getOrInsertEndpoint(key));
    expect(new Set(slots).size).toBe(different.length);
    different.forEach((key, i) => {
      expect(map.getEndpoint(key)).toBe(slots[i]);
      expect(map.endpointOf(slots[i]!)).toEqual(key);
    });
    expect(map.hasEndpoint(endpoint(0x7f000003, 1))).toBe(false);
    expect(map.removeEndpoint(different[0]!)).toBe(slots[0]);
    expect(map.getEndpoint(different[0]!)).toBe(ABSENT);
  });

  it("changes an endpoint in place, and asks for time before the next change", () => {
    using map = ShardedMap.create({ capacity: 4, key: "endpoint" });
    let handle: number;
    {
      using _guard = map.enter();
      const slot = map.getOrInsertEndpoint(endpoint(1, 1));
      handle = map.handle(slot);
      expect(map.rekeyEndpoint(handle, endpoint(2, 2))).toBe(slot);
      expect(map.getEndpoint(endpoint(1, 1))).toBe(ABSENT);
      expect(map.getEndpoint(endpoint(2, 2))).toBe(slot);
      expect(map.rekeyEndpoint(handle, endpoint(3, 3))).toBe(BUSY);
    }
    expect(map.rekeyEndpoint(handle, endpoint(3, 3))).toBe(map.resolve(handle));
    expect(map.hasEndpoint(endpoint(2, 2))).toBe(false);
    expect(map.hasEndpoint(endpoint(3, 3))).toBe(true);
  });
});

describe("records, walks and sidecars", () => {
  it("clears a record before init fills it, and init comes first", () => {
    using map = ShardedMap.create({ capacity: 2, key: "u32", recordBytes: 8, workers: 1, batch: 1 });
    const at = map.region.section("records").byteOffset / 4;
    for (let life = 1; life < 10; life++) {
      using _guard = map.enter();
      const slot = map.getOrInsert(life, (fresh) => {
        expect(map.get(life)).toBe(ABSENT);
        expect([map.region.words[at + fresh * 2], map.region.words[at + fresh * 2 + 1]]).toEqual([0, 0]);
        map.region.words[at + fresh * 2] = life;
      });
      expect(map.region.words[at + slot * 2]).toBe(life);
      map.region.words[at + slot * 2 + 1] = -1;
      map.remove(life);
    }
  });

  it("a sweep asks again under the lock: what has changed its mind by then stays", () => {
    using map = ShardedMap.create({ capacity: 8, key: "u32" });
    inGuard(map, () => map.insert(1));
    const answers = [true, false];
    expect(map.sweep(() => answers.shift() ?? false, 64)).toBe(0);
    expect([answers, map.has(1)]).toEqual([[], true]);
  });

  it("walks, sweeps and clears", () => {
    using map = ShardedMap.create({ capacity: 100, key: "u32" });
    {
      using _guard = map.enter();
      for (let key = 0; key < 100; key++) map.getOrInsert(key);
    }
    const keys: number[] = [];
    map.forEach((slot) => keys.push(map.keyOf(slot)));
    expect(keys.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(new Map(map.entries()).size).toBe(100);
    const removed: number[] = [];
    let rounds = 0;
    while (rounds++ < 100)
      map.sweep(
        (slot) => map.keyOf(slot) % 3 === 0,
        20,
        (slot) => removed.push(slot),
      );
    expect(removed.length).toBe(34);
    expect(map.size).toBe(66);
    expect(map.clear()).toBe(66);
    expect(map.size).toBe(0);
  });

  it("keeps a value for an entry, not for its slot", () => {
    using map = ShardedMap.create({ capacity: 1, key: "u32", workers: 1, batch: 1 });
    const names = map.sidecar<string>();
    for (let life = 0; life < 5; life++) {
      {
        using _guard = map.enter();
        const slot = map.getOrInsert(life);
        expect(names.get(slot)).toBe(undefined);
        names.set(slot, `life ${life}`);
        expect(names.get(slot)).toBe(`life ${life}`);
      }
      map.remove(life);
    }
    expect(names.prune()).toBe(2);
  });
});

describe("misuse", () => {
  const codeOf = (run: () => unknown): string | undefined => {
    try {
      run();
    } catch (error) {
      if (error instanceof ShardedMapError) return error.code;
    }
    return undefined;
  };

  it("is refused by a typed error", () => {
    using map = ShardedMap.create({ capacity: 4, key: "u32" });
    expect(codeOf(() => map.get(1))).toBe("ERR_SHARDED_MAP_NO_GUARD");
    expect(codeOf(() => map.insert(1))).toBe("ERR_SHARDED_MAP_NO_GUARD");
    expect(codeOf(() => map.getEndpoint(endpoint(1, 1)))).toBe("ERR_SHARDED_MAP_KEY_KIND");
    expect(codeOf(() => map.removeEndpoint(endpoint(1, 1)))).toBe("ERR_SHARDED_MAP_KEY_KIND");
    using guard = map.enter();
    expect(codeOf(() => map[Symbol.dispose]())).toBe("ERR_SHARDED_MAP_IN_GUARD");
    expect(codeOf(() => map.getOrInsert(1, () => map.remove(1)))).toBe("ERR_SHARDED_MAP_REENTRANT");
    expect([map.size, map.get(1)]).toEqual([0, ABSENT]);
    expect(map.getOrInsert(1)).toBeGreaterThanOrEqual(0);
    guard.leave();
    for (const options of [
      { capacity: 0 },
      { capacity: 2 ** 24 },
      { capacity: 1.5 },
      { shards: 3 },
      { shards: 512 },
      { recordBytes: 6 },
      { key: "i32" as "u32" },
    ]) {
      const create = () => ShardedMap.create({ capacity: 4, key: "u32", ...options });
      expect(codeOf(create)).toBe("ERR_SHARDED_MAP_OPTION");
    }
  });

  it("of a callback leaves nothing locked and nothing half done", () => {
    using map = ShardedMap.create({ capacity: 64, key: "u32", shards: 4 });
    using _guard = map.enter();
    for (let key = 0; key < 32; key++) map.getOrInsert(key);
    const handle = map.handle(map.get(1));
    for (let key = 100; key < 116; key++) {
      expect(codeOf(() => map.getOrInsert(key, () => map.rekey(handle, key + 100)))).toBe(
        "ERR_SHARDED_MAP_REENTRANT",
      );
      expect(codeOf(() => map.getOrInsert(key, () => map.insert(key + 100)))).toBe(
        "ERR_SHARDED_MAP_REENTRANT",
      );
      expect(codeOf(() => map.removeIf(key - 100, () => map.remove(31) >= 0))).toBe(
        "ERR_SHARDED_MAP_REENTRANT",
      );
      expect(map.get(key)).toBe(ABSENT);
    }
    const fault = new Error("a caller's own");
    expect(() => map.removeIf(5, () => { throw fault; })).toThrow(fault); // prettier-ignore
    expect(() => map.getOrInsert(200, () => { throw fault; })).toThrow(fault); // prettier-ignore
    expect([map.size, map.get(200)]).toEqual([32, ABSENT]);
    expect(auditMap(map)).toBe(undefined);
    expect(map.clear()).toBe(32);
  });
});
