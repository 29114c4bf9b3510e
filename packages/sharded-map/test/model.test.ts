import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ABSENT, EXISTS, FULL, ShardedMap } from "@udp-relay/sharded-map";
import type { EndpointWords } from "@udp-relay/sharded-map";
import { auditMap, inGuard } from "./map-audit.ts";
import { long } from "./threads.ts";

const runs = long ? 2_000 : 200;

/** How the same commands reach a map of either kind. */
interface Keys {
  readonly kind: "u32" | "endpoint";
  get(map: ShardedMap, key: number): number;
  getOrInsert(map: ShardedMap, key: number, init: (slot: number) => void): number;
  insert(map: ShardedMap, key: number): number;
  has(map: ShardedMap, key: number): boolean;
  remove(map: ShardedMap, key: number): number;
  removeIf(map: ShardedMap, key: number, predicate: (slot: number) => boolean): number;
  rekey(map: ShardedMap, handle: number, key: number): number;
  keyOf(map: ShardedMap, slot: number): number;
}

const u32: Keys = {
  kind: "u32",
  get: (map, key) => map.get(key),
  getOrInsert: (map, key, init) => map.getOrInsert(key, init),
  insert: (map, key) => map.insert(key),
  has: (map, key) => map.has(key),
  remove: (map, key) => map.remove(key),
  removeIf: (map, key, predicate) => map.removeIf(key, predicate),
  rekey: (map, handle, key) => map.rekey(handle, key),
  keyOf: (map, slot) => map.keyOf(slot),
};

/** Small numbers as endpoints that differ in one word, each time another one. */
function endpointOf(key: number): EndpointWords {
  const words = { a0: 0, a1: 0, a2: 0xffff, a3: 0x0a000001, port: 9, zone: 0 };
  const names = ["a3", "port", "a0", "zone", "a1", "a2"] as const;
  const name = names[key % 6]!;
  return { ...words, [name]: words[name] + Math.floor(key / 6) + 1 };
}

const endpoints: Keys = {
  kind: "endpoint",
  get: (map, key) => map.getEndpoint(endpointOf(key)),
  getOrInsert: (map, key, init) => map.getOrInsertEndpoint(endpointOf(key), init),
  insert: (map, key) => map.insertEndpoint(endpointOf(key)),
  has: (map, key) => map.hasEndpoint(endpointOf(key)),
  remove: (map, key) => map.removeEndpoint(endpointOf(key)),
  removeIf: (map, key, predicate) => map.removeEndpointIf(endpointOf(key), predicate),
  rekey: (map, handle, key) => map.rekeyEndpoint(handle, endpointOf(key)),
  keyOf: (map, slot) => {
    const found = JSON.stringify(map.endpointOf(slot));
    for (let key = 0; key < 64; key++) if (JSON.stringify(endpointOf(key)) === found) return key;
    throw new Error(`no key is ${found}`);
  },
};

type Command = readonly [name: string, key: number, other: number];

const command = fc.tuple(
  fc.constantFrom(
    "get",
    "getOrInsert",
    "getOrInsert",
    "insert",
    "remove",
    "removeIf",
    "removeHandle",
    "rekey",
    "sweep",
    "clear",
  ),
  fc.nat(23),
  fc.nat(23),
);

/** Runs the commands on a map and on a `Map` of what each key's record holds, and compares every answer. */
function compare(keys: Keys, capacity: number, shards: number, commands: readonly Command[]): void {
  using map = ShardedMap.create({ capacity, key: keys.kind, shards, recordBytes: 4, workers: 1, batch: 64 });
  const expected = new Map<number, { value: number; handle: number }>();
  const gone: number[] = [];
  const records = map.region.section("records").byteOffset / 4;
  let value = 0;
  const forget = (key: number): void => {
    gone.push(expected.get(key)!.handle);
    expected.delete(key);
  };
  for (const [name, key, other] of commands) {
    const entry = expected.get(key);
    switch (name) {
      case "get": {
        const slot = inGuard(map, () => keys.get(map, key));
        expect(slot >= 0).toBe(entry !== undefined);
        expect(keys.has(map, key)).toBe(entry !== undefined);
        if (slot >= 0) expect(map.region.words[records + slot]).toBe(entry!.value);
        break;
      }
      case "getOrInsert":
        inGuard(map, () => {
          value++;
          const slot = keys.getOrInsert(map, key, (fresh) => (map.region.words[records + fresh] = value));
          expect(map.created).toBe(entry === undefined && slot >= 0);
          if (slot === FULL) expect([entry, expected.size]).toEqual([undefined, capacity]);
          else if (entry === undefined) expected.set(key, { value, handle: map.handle(slot) });
          else expect(map.handle(slot)).toBe(entry.handle);
        });
        break;
      case "insert":
        inGuard(map, () => {
          const slot = keys.insert(map, key);
          if (entry !== undefined) expect(slot).toBe(EXISTS);
          else if (slot === FULL) expect(expected.size).toBe(capacity);
          else expected.set(key, { value: 0, handle: map.handle(slot) });
        });
        break;
      case "remove":
        expect(keys.remove(map, key) >= 0).toBe(entry !== undefined);
        if (entry !== undefined) forget(key);
        break;
      case "removeIf": {
        const agrees = other % 2 === 0;
        const asked: number[] = [];
        const slot = keys.removeIf(map, key, (each) => {
          asked.push(keys.keyOf(map, each));
          return agrees;
        });
        expect(asked).toEqual(entry === undefined ? [] : [key]);
        expect(slot >= 0).toBe(entry !== undefined && agrees);
        if (slot >= 0) forget(key);
        break;
      }
      case "removeHandle": {
        const handle = entry?.handle ?? gone.at(-1) ?? 12_345;
        expect(map.removeHandle(handle) >= 0).toBe(entry !== undefined);
        if (entry !== undefined) forget(key);
        break;
      }
      case "rekey": {
        if (entry === undefined) break;
        const slot = keys.rekey(map, entry.handle, other);
        if (other === key) expect(slot).toBe(map.resolve(entry.handle));
        else if (expected.has(other)) expect(slot).toBe(EXISTS);
        else {
          expect(slot).toBe(map.resolve(entry.handle));
          expected.delete(key);
          expected.set(other, entry);
        }
        break;
      }
      case "sweep": {
        const doomed = [...expected.keys()].filter((each) => each % 3 === key % 3);
        const removed: number[] = [];
        map.sweep(
          (slot) => keys.keyOf(map, slot) % 3 === key % 3,
          capacity + 64,
          (slot) => removed.push(keys.keyOf(map, slot)),
        );
        expect(removed.sort((a, b) => a - b)).toEqual(doomed.sort((a, b) => a - b));
        doomed.forEach(forget);
        break;
      }
      default:
        expect(map.clear()).toBe(expected.size);
        [...expected.keys()].forEach(forget);
    }
    expect(map.size).toBe(expected.size);
    expect(map.isFull).toBe(expected.size === capacity);
  }
  const seen = new Map<number, number>();
  map.forEach((slot) => seen.set(keys.keyOf(map, slot), map.handle(slot)));
  expect([...map.entries()].map(([, handle]) => handle)).toEqual([...seen.values()]);
  expect(seen).toEqual(new Map([...expected].map(([key, { handle }]) => [key, handle])));
  for (const handle of gone) expect(map.resolve(handle)).toBe(ABSENT);
  expect(auditMap(map)).toBe(undefined);
}

describe.each([u32, endpoints])("a map of $kind keys and a Map", (keys) => {
  it.each([
    [1, 1],
    [4, 1],
    [10, 2],
    [24, 4],
  ])(
    "answer alike: capacity %i, %i shards",
    (capacity, shards) => {
      const commands = fc.array(command, { minLength: 20, maxLength: 150 });
      fc.assert(
        fc.property(commands, (list) => compare(keys, capacity, shards, list)),
        { numRuns: runs / 4 },
      );
    },
    120_000,
  );
});
