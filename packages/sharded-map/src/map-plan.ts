import type { CompoundUpdate, RecordLayout, RegionPlan, SectionPlan } from "@udp-relay/atomics-layout";
import { ShardedMapError } from "./sharded-map-error.ts";

/**
 * The sizes that a map's region is made of; they stand in the region's parameters, so that an attaching thread needs no
 * options. All are fixed at creation.
 *
 *     table      epoch | tickets | owners' high water, then 4 words for each group of 4 shards, each on lines of its own
 *     guards     64 bytes an owner: the epoch its guard entered at
 *     selectors  a word a shard: where its index segment is now (read by every lookup, written by a rebuild only)
 *     shards     128 bytes a shard: lock, journal, slot list, counters
 *     segments   one for each shard and a spare one for each group of 4, `cells` words each
 *     identity   a slot's generation, state and key: 8 bytes (u32 keys), 32 bytes (endpoints), read by every hit
 *     secondKeys another 32 bytes for a slot's endpoint, read once that has changed
 *     links      a word a slot: the next free slot of its shard
 *     records    the slab
 */
export interface MapShape {
  /** 1: u32 keys; 6: endpoints. */
  readonly keyWords: 1 | 6;
  readonly capacity: number;
  /** `capacity`, and the spare slots for those that rest. */
  readonly slots: number;
  /** A power of two, 1..256. */
  readonly shards: number;
  /** Cells a segment, as a power of two. */
  readonly cellBits: number;
  /** Bytes from one record to the next, a multiple of 4; 0 for a map without records. */
  readonly recordBytes: number;
  readonly owners: number;
}

/** How many shards share a spare segment. */
export const GROUP_SHARDS = 4;
const MAX_SHARDS = 256;
/** A slot number and the word behind it, `slot + 1`, fit 24 bits. */
const MAX_SLOTS: number = (1 << 24) - 2;
const LARGE = 500_000;
export const GUARD_WORDS = 16;
export const SHARD_WORDS = 32;
export const GROUP_WORDS = 4;
export const TABLE_WORDS = 48;

const FORMAT_VERSION = 2;

/** What the caller of `ShardedMap.create` chose, with the defaults filled in. */
export interface ShapeOptions {
  readonly capacity: number;
  readonly keyWords: 1 | 6;
  readonly recordBytes: number;
  readonly shards: number | undefined;
  readonly defaultShards: number;
  readonly spareSlots: number;
  readonly owners: number;
}

/** @throws ShardedMapError ERR_SHARDED_MAP_OPTION */
export function shapeOf(options: ShapeOptions): MapShape {
  const { capacity, keyWords, recordBytes, spareSlots, owners } = options;
  requireInteger("capacity", capacity, 1, MAX_SLOTS);
  requireInteger("spare slots (workers x batch)", spareSlots, 1, MAX_SLOTS - capacity);
  requireInteger("recordBytes", recordBytes, 0, 1 << 20);
  requireInteger("owners", owners, 1, 256);
  if (recordBytes % 4 !== 0) refuse(`recordBytes is a multiple of 4, not ${recordBytes}`);
  const shards = options.shards ?? defaultShards(capacity, options.defaultShards);
  requireInteger("shards", shards, 1, MAX_SHARDS);
  if ((shards & (shards - 1)) !== 0) refuse(`shards is a power of two, not ${shards}`);
  return {
    keyWords,
    capacity,
    slots: capacity + spareSlots,
    shards,
    cellBits: cellBitsFor(capacity, shards),
    recordBytes,
    owners,
  };
}

/** At least 16 entries a shard, at most 4,096 (a rebuild then takes some 50 µs), and otherwise what the CPUs ask for. */
function defaultShards(capacity: number, forCpus: number): number {
  const atMost = 2 ** Math.floor(Math.log2(Math.max(1, capacity / 16)));
  const atLeast = 2 ** Math.ceil(Math.log2(Math.max(1, capacity / 4096)));
  return Math.min(MAX_SHARDS, Math.max(atLeast, Math.min(forCpus, atMost)));
}

/**
 * So many cells that a full table is at most 40 % full, or 48 % where it is large. The p99 of the probes for an absent key
 * is 9 and 12 then, and varies with the region's tables the less the larger the table is: over 120 regions structured keys
 * never took it above 11 at 40 %, while 15,700 of them took it to 17 at 48 %.
 *
 * And so many that no shard overflows with a probability above e^-50: Chernoff's bound for `capacity` keys thrown into
 * `shards` shards at random. A segment for more than the capacity cannot overflow.
 */
function cellBitsFor(capacity: number, shards: number): number {
  const mean = capacity / shards;
  const roomFor = capacity > LARGE ? 2.08 : 2.5;
  let bits = 2;
  for (; bits < 25; bits++) {
    const cells = 2 ** bits;
    if (cells < roomFor * mean) continue;
    const ratio = (cells - 1) / mean;
    if (cells > capacity || mean * (ratio * Math.log(ratio) - ratio + 1) >= 50) break;
  }
  return bits;
}

export function groupsOf(shape: MapShape): number {
  return Math.ceil(shape.shards / GROUP_SHARDS);
}

/** Words from one slot's identity to the next, as a power of two. */
export function identityBits(shape: MapShape): number {
  return shape.keyWords === 1 ? 1 : 3;
}

/** The region of a map; every thread that uses it must have a repair registered before it takes over a dead owner. */
export function planMap(
  shape: MapShape,
  hash: number,
  align: 64 | 128,
  updates: readonly CompoundUpdate[],
  extra: readonly SectionPlan[],
): RegionPlan {
  const groups = groupsOf(shape);
  const cells = 2 ** shape.cellBits;
  const identityBytes = 4 * 2 ** identityBits(shape);
  const section = (name: string, byteLength: number, sectionAlign: 64 | 128 = 64): SectionPlan => ({
    name,
    byteLength,
    align: sectionAlign,
  });
  return {
    name: MAP_NAME,
    hash,
    capacity: shape.capacity,
    owners: shape.owners,
    repairs: 1,
    updates,
    parameters: [
      FORMAT_VERSION,
      shape.keyWords,
      shape.slots,
      shape.shards,
      shape.cellBits,
      shape.recordBytes,
      shape.owners,
    ],
    sections: [
      section("table", 4 * (TABLE_WORDS + groups * GROUP_WORDS)),
      section("guards", 4 * GUARD_WORDS * shape.owners),
      section("selectors", 4 * shape.shards),
      section("shards", 4 * SHARD_WORDS * shape.shards, 128),
      section("segments", 4 * cells * (shape.shards + groups)),
      // One more than there are slots: a tombstone names the identity before the first, which is never live.
      section("identity", identityBytes * (shape.slots + 1)),
      // An endpoint can change in place: its new words are written where nobody reads them yet.
      section("secondKeys", shape.keyWords === 1 ? 4 : 32 * (shape.slots + 1)),
      section("links", 4 * shape.slots),
      section("records", Math.max(4, shape.recordBytes * shape.slots), align),
      ...extra,
    ],
  };
}

/** Reads back what `planMap` wrote. */
export function shapeFrom(capacity: number, parameters: readonly number[]): MapShape {
  const [version, keyWords, slots, shards, cellBits, recordBytes, owners] = parameters as [
    number,
    1 | 6,
    number,
    number,
    number,
    number,
    number,
  ];
  if (version !== FORMAT_VERSION)
    refuse(`the region holds a map of format ${version}, not ${FORMAT_VERSION}`);
  return { keyWords, capacity, slots, shards, cellBits, recordBytes, owners };
}

export const MAP_NAME = "sharded-map";

/** The region's layout hash: that of the record, mixed with this file's format (FNV-1a's step). */
export function mapHash(record: RecordLayout | undefined): number {
  return Math.imul(((record?.hash ?? 0) ^ (0x5da2 + FORMAT_VERSION)) | 0, 0x01000193) >>> 0;
}

function requireInteger(what: string, value: unknown, minimum: number, maximum: number): void {
  if (typeof value !== "number" || !Number.isInteger(value) || value < minimum || value > maximum) {
    const given = typeof value === "string" ? `"${value}"` : String(value);
    refuse(`${what} is an integer of ${minimum}..${maximum}, not ${given}`);
  }
}

function refuse(reason: string): never {
  throw new ShardedMapError("ERR_SHARDED_MAP_OPTION", reason);
}
