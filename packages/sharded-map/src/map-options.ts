import { availableParallelism } from "node:os";
import type { RecordLayout, SectionPlan } from "@udp-relay/atomics-layout";
import type { Patience } from "./map-memory.ts";
import { shapeOf } from "./map-plan.ts";
import { ShardedMapError } from "./sharded-map-error.ts";
import type { MapShape } from "./map-plan.ts";

/** How a map is made. All of it is fixed for the map's life. */
export interface ShardedMapOptions {
  /** Entries at most, 1 to 16 million; holds exactly. */
  readonly capacity: number;
  /** Unsigned 32-bit integers, or endpoints (address, port, zone). */
  readonly key: "u32" | "endpoint";
  /** The layout of the slab's records, in the region's section "records". Without it, see `recordBytes`. */
  readonly record?: RecordLayout | undefined;
  /** Bytes a record that you lay out yourself, a multiple of 4; 0 by default. Not with `record`. */
  readonly recordBytes?: number | undefined;
  /**
   * Segments that are locked, rebuilt and counted apart: a power of two, 1 to 256. By default `shardCount()`, but so many
   * that each holds at most 4,096 entries and so few that each holds at least 16.
   */
  readonly shards?: number | undefined;
  /** Threads that use the map at once, for the spare slots; by default the CPUs, at least 4. */
  readonly workers?: number | undefined;
  /** Entries that one thread removes within one guard, for the spare slots; 64 by default. There are workers x batch. */
  readonly batch?: number | undefined;
  /** Threads that can be attached at once, 1 to 256; 64 by default. */
  readonly owners?: number | undefined;
  /** Sections of your own in the same region. */
  readonly sections?: readonly SectionPlan[] | undefined;
  /** Repairs of your own (`region.onOwnerDeath`) that a thread must have registered before it takes over a dead owner. */
  readonly repairs?: number | undefined;
  /** See `ShardedMapThreadOptions`. */
  readonly onLongGuard?: ((guard: LongGuard) => void) | undefined;
  readonly patience?: Patience | undefined;
}

/** How one thread uses a map that another one made. */
export interface ShardedMapThreadOptions {
  /** The layout that the map was created with. */
  readonly record?: RecordLayout | undefined;
  /** Told by `sweep` of a thread that has been in one guard for more than 100 ms: it holds back all slots removed since. */
  readonly onLongGuard?: ((guard: LongGuard) => void) | undefined;
  /** How long writers spin before they answer BUSY or FULL. */
  readonly patience?: Patience | undefined;
}

/** A guard that `sweep` saw twice. */
export interface LongGuard {
  /** The thread's place in `region.owners()`. */
  readonly ownerIndex: number;
  /** At least. */
  readonly heldMs: number;
}

/** An endpoint's words, as `@udp-relay/address-validation` has them; any object with these fields will do. */
export interface EndpointWords {
  /** The address in network order, int32 words, most significant first; IPv4 as ::ffff:a.b.c.d. */
  readonly a0: number;
  readonly a1: number;
  readonly a2: number;
  readonly a3: number;
  /** 0 to 65,535 */
  readonly port: number;
  /** u32, 0 for none */
  readonly zone: number;
}

const DEFAULT_BATCH = 64;

/**
 * The shards that the crate gives a map on so many CPUs: the next power of two of four times as many, within 4 to 256.
 * ("crate": `create_dashmap_with_capacity` of udp-relay-core 0.1.)
 */
export function shardCount(cpus: number = availableParallelism()): number {
  const wanted = Math.max(1, Math.min(64, Math.floor(cpus) || 1)) * 4;
  return Math.min(256, Math.max(4, 2 ** Math.ceil(Math.log2(wanted))));
}

/** @throws ShardedMapError ERR_SHARDED_MAP_OPTION */
export function shapeFromOptions(options: ShardedMapOptions): MapShape {
  if (options.record !== undefined && options.recordBytes !== undefined) {
    throw new ShardedMapError("ERR_SHARDED_MAP_OPTION", "give record or recordBytes, not both");
  }
  requireLayout(options.record);
  const workers = options.workers ?? Math.max(4, availableParallelism());
  return shapeOf({
    capacity: options.capacity,
    keyWords: keyWordsOf(options.key),
    recordBytes: options.record?.byteLength ?? options.recordBytes ?? 0,
    shards: options.shards,
    defaultShards: shardCount(),
    spareSlots: workers * (options.batch ?? DEFAULT_BATCH),
    owners: options.owners ?? 64,
  });
}

/**
 * Refuses what has no size, such as a layout's View: the records would lie one upon the other.
 *
 * @throws ShardedMapError ERR_SHARDED_MAP_OPTION
 */
export function requireLayout(record: RecordLayout | undefined): void {
  if (record === undefined) return;
  const { name, hash, byteLength, updates } = record as Partial<RecordLayout>;
  if (typeof hash === "number" && typeof byteLength === "number" && Array.isArray(updates)) return;
  throw new ShardedMapError(
    "ERR_SHARDED_MAP_OPTION",
    `record is a layout, what compileLayout or defineLayout gives, or a generated file, and "${name}" is none`,
  );
}

function keyWordsOf(key: string): 1 | 6 {
  if (key === "u32") return 1;
  if (key === "endpoint") return 6;
  throw new ShardedMapError("ERR_SHARDED_MAP_OPTION", `key is "u32" or "endpoint", not ${key}`);
}
