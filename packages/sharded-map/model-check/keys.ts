import { ShardedMap } from "../src/index.ts";
import type { EndpointWords } from "../src/index.ts";
import { shardOfHash } from "../src/index-segment.ts";
import { hashIPv4, hashU32 } from "../src/tabulation.ts";
import { memoryOf } from "../test/map-audit.ts";
import type { SlotPredicate } from "../src/remove-entry.ts";

/** How the numbers 1, 2, 3 that scenarios speak of are keys of their map. */
export interface Keys {
  /** In a guard; ABSENT where it has no entry. */
  get(map: ShardedMap, key: number): number;
  has(map: ShardedMap, key: number): boolean;
  getOrInsert(map: ShardedMap, key: number): number;
  insert(map: ShardedMap, key: number): number;
  remove(map: ShardedMap, key: number): number;
  removeIf(map: ShardedMap, key: number, predicate: SlotPredicate): number;
  rekey(map: ShardedMap, handle: number, key: number): number;
  /** Which number a slot's key is, in a guard; NaN for none of them, as a mixture of two would be. */
  of(map: ShardedMap, slot: number): number;
  /** The same of a key that `entries` yields. */
  named(map: ShardedMap, key: number | EndpointWords): number;
}

/** u32 keys, each standing for itself. */
export const u32Keys: Keys = placed((_map, key) => key);

/** u32 keys of a map of two shards: the odd numbers are keys of its first, the even ones of its second. */
export const keysOfTwoShards: Keys = placed((map, key) => keyOfShard(map, (key + 1) & 1, key >>> 1));

/** The nth u32 key of a shard, from 0. */
export function keyOfShard(map: ShardedMap, shard: number, nth = 0): number {
  const memory = memoryOf(map);
  let left = nth;
  for (let key = 1; ; key++) {
    if (shardOfHash(memory, hashU32(memory.tables, key)) === shard && left-- === 0) return key;
  }
}

function placed(place: (map: ShardedMap, key: number) => number): Keys {
  const named = (map: ShardedMap, found: number): number =>
    [1, 2, 3].find((key) => place(map, key) === found) ?? NaN;
  return {
    get: (map, key) => map.get(place(map, key)),
    has: (map, key) => map.has(place(map, key)),
    getOrInsert: (map, key) => map.getOrInsert(place(map, key)),
    insert: (map, key) => map.insert(place(map, key)),
    remove: (map, key) => map.remove(place(map, key)),
    removeIf: (map, key, predicate) => map.removeIf(place(map, key), predicate),
    rekey: (map, handle, key) => map.rekey(handle, place(map, key)),
    of: (map, slot) => named(map, map.keyOf(slot)),
    named: (map, key) => named(map, key as number),
  };
}

/** Endpoints of which any two differ in two words, so that a mixture of them is none of them. */
export const endpointKeys: Keys = {
  get: (map, key) => map.getEndpoint(endpoint(key)),
  has: (map, key) => map.hasEndpoint(endpoint(key)),
  getOrInsert: (map, key) => map.getOrInsertEndpoint(endpoint(key)),
  insert: (map, key) => map.insertEndpoint(endpoint(key)),
  remove: (map, key) => map.removeEndpoint(endpoint(key)),
  removeIf: (map, key, predicate) => map.removeEndpointIf(endpoint(key), predicate),
  rekey: (map, handle, key) => map.rekeyEndpoint(handle, endpoint(key)),
  of: (map, slot) => numberOf(map.endpointOf(slot)),
  named: (_map, key) => numberOf(key as EndpointWords),
};

export function endpoint(a3: number, port = a3): EndpointWords {
  return { a0: 0, a1: 0, a2: 0xffff, a3, port, zone: 0 };
}

function numberOf({ a3, port }: EndpointWords): number {
  return a3 === port ? a3 : NaN;
}

/**
 * Two addresses with which endpoints of port 1, and of port 3, have index words that differ in the slot alone and begin at
 * the same cell of the map's only shard.
 */
export function addressesThatLookAlike(map: ShardedMap): readonly [number, number] {
  const { tables, tagMask, cellMask } = memoryOf(map);
  const word = (address: number, port: number): number =>
    hashIPv4(tables, address, port) & (tagMask | cellMask);
  const seen = new Map<number, number>();
  for (let address = 10; ; address++) {
    const other = seen.get(word(address, 1));
    if (other !== undefined && word(other, 3) === word(address, 3)) return [other, address];
    seen.set(word(address, 1), address);
  }
}
