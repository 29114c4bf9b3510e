import { peek, poke, store } from "@udp-relay/atomics-layout/memory";
import type { RegionOps, Words } from "@udp-relay/atomics-layout/memory";
import type { Owner, Region } from "@udp-relay/atomics-layout";
import {
  GROUP_SHARDS,
  GROUP_WORDS,
  groupsOf,
  identityBits,
  SHARD_WORDS,
  shapeFrom,
  TABLE_WORDS,
} from "./map-plan.ts";
import type { MapShape } from "./map-plan.ts";
import { ENDPOINT_WORDS, expandTables, setMultipliers, U32_WORDS } from "./tabulation.ts";

/** Words of the section "table". */
const EPOCH = 0;
const TICKETS = 16;
const OWNERS_HIGH = 32;

/**
 * Words of a shard's header. All but LOCK and CONFIRMED are written by the holder of the lock alone, so they are plain;
 * whoever takes the lock over from the dead finds them as they were left (see `repair-shard.ts`).
 */
export const LOCK = 0;
export const JOURNAL = 1;
export const CONFIRMED = 2;
export const INFLIGHT = 3;
export const FRESH = 4;
export const FRESH_END = 5;
export const HEAD = 6;
export const TAIL = 7;
export const FREE = 8;
export const WAITING = 9;
export const WAITING_STAMP = 10;
export const RESTING = 11;
export const LAST_STAMP = 12;
export const LIVE_COUNT = 13;
export const USED = 14;
export const PREVIOUS = 15;
/** Second line: counters, for `stats()`. BUSY_COUNT is added to by threads that do not hold the lock. */
export const BUSY_COUNT = 16;
export const FULL_COUNT = 17;
export const RESTING_COUNT = 18;
export const REBUILDS = 19;
export const REPAIRS = 20;
export const STEALS = 21;
export const RETIRED = 22;
export const OVERFLOWS = 23;

/** Words of a group of shards. */
export const CLAIM = 0;
export const SPARE = 1;
export const SPARE_STAMP = 2;

/** How patient a writer is. Small numbers keep the model checker's state space small. */
export interface Patience {
  /** Turns of the spin at a held lock, before BUSY. */
  readonly lockSpins: number;
  /** Looks at the guards while every free slot rests, before FULL. */
  readonly restSpins: number;
}

export const DEFAULT_PATIENCE: Patience = { lockSpins: 4096, restSpins: 256 };

/**
 * Where everything is, and what this thread knows of it: one object of one shape that all of the map's files share.
 *
 * Those of them that hot paths run through give what they import a name of their own (`const peek = peekWord;`). V8 reads
 * an imported name from its module at every use and checks a function to be the one it has inlined; what a file declares
 * itself is part of the code. That is a tenth of a hit and a fifth of an insert.
 */
export class MapMemory {
  // `declare`: a field that were first undefined would never be a constant small integer to the compiler.
  declare readonly region: Region;
  declare readonly words: Words;
  declare readonly ops: RegionOps;
  declare readonly shape: MapShape;
  declare readonly ownerId: number;

  declare readonly epochAt: number;
  declare readonly ticketsByte: number;
  declare readonly ownersHighAt: number;
  declare readonly groupsAt: number;
  declare readonly guardsAt: number;
  declare readonly guardAt: number;
  declare readonly selectorsAt: number;
  declare readonly shardsAt: number;
  declare readonly segmentsAt: number;
  /** Of the identity before slot 0's: `identityAt + ((slot + 1) << identityBits)`. */
  declare readonly identityAt: number;
  declare readonly identityBits: number;
  /** As `identityAt`, for the second copies of endpoints. */
  declare readonly secondKeysAt: number;
  declare readonly linksAt: number;
  declare readonly recordsAt: number;
  declare readonly recordWords: number;

  declare readonly capacity: number;
  declare readonly keyWords: 1 | 6;
  declare readonly shardMask: number;
  declare readonly cellBits: number;
  declare readonly cellMask: number;
  /** Of an index word: the low bits hold slot + 1, the rest the hash's. */
  declare readonly slotMask: number;
  declare readonly tagMask: number;
  declare readonly patience: Patience;
  declare readonly tables: Int32Array<ArrayBuffer>;

  /** The key that a writer works on, in its first `keyWords` words, as it is stored: see `storedPort`. */
  readonly key: Int32Array<ArrayBuffer> = new Int32Array(6);
  /** The earliest epoch that the last look at the guards met; 0: there was none in this guard. */
  oldestGuard = 0;
  /** The pair of tickets as this thread's last step in this guard left it; the sequence is -1 if there was none. */
  ticketsLow = 0;
  ticketsHigh = -1;
  /** Whether a caller's `init` or predicate runs, and with it a shard's lock is held. */
  calling = false;
  /** Where `findCell` saw the first cell that a new word can take, -1 if there is none. */
  vacantCell = -1;

  constructor(region: Region, owner: Owner, patience: Patience) {
    const shape = shapeFrom(region.capacity, region.parameters);
    const word = (name: string): number => region.section(name).byteOffset >>> 2;
    this.region = region;
    this.words = region.words;
    this.ops = region.ops;
    this.shape = shape;
    this.ownerId = owner.id;
    this.epochAt = word("table") + EPOCH;
    this.ticketsByte = (word("table") + TICKETS) * 4;
    this.ownersHighAt = word("table") + OWNERS_HIGH;
    this.groupsAt = word("table") + TABLE_WORDS;
    this.guardsAt = word("guards");
    this.guardAt = this.guardsAt + owner.index * 16;
    this.selectorsAt = word("selectors");
    this.shardsAt = word("shards");
    this.segmentsAt = word("segments");
    this.identityAt = word("identity");
    this.identityBits = identityBits(shape);
    this.secondKeysAt = word("secondKeys");
    this.linksAt = word("links");
    this.recordsAt = word("records");
    this.recordWords = shape.recordBytes >>> 2;
    this.capacity = shape.capacity;
    this.keyWords = shape.keyWords;
    this.shardMask = shape.shards - 1;
    this.cellBits = shape.cellBits;
    this.cellMask = 2 ** shape.cellBits - 1;
    this.slotMask = 2 ** Math.ceil(Math.log2(shape.slots + 1)) - 1;
    this.tagMask = ~this.slotMask;
    this.patience = patience;
    this.tables = expandTables(region.hashKeys, shape.keyWords === 1 ? U32_WORDS : ENDPOINT_WORDS);
    if (shape.keyWords !== 1) setMultipliers(region.ops, this.tables);
  }
}

/** Index of a shard's header. */
export function shardAt(memory: MapMemory, shard: number): number {
  return memory.shardsAt + shard * SHARD_WORDS;
}

/** Index of the words that a shard shares with its group. */
export function groupAt(memory: MapMemory, shard: number): number {
  return memory.groupsAt + Math.floor(shard / GROUP_SHARDS) * GROUP_WORDS;
}

/**
 * Gives each shard its segment and its share of the slots. Nothing of the size of the map is touched.
 *
 * Concurrency: the creating thread, before anybody else has the handle.
 */
export function initializeMap(memory: MapMemory): void {
  const { words, shape } = memory;
  const cells = 2 ** shape.cellBits;
  poke(words, memory.epochAt, 1);
  for (let shard = 0; shard < shape.shards; shard++) {
    const at = shardAt(memory, shard);
    poke(words, memory.selectorsAt + shard, memory.segmentsAt + shard * cells);
    poke(words, at + FRESH, Math.floor((shard * shape.slots) / shape.shards));
    poke(words, at + FRESH_END, Math.floor(((shard + 1) * shape.slots) / shape.shards));
  }
  for (let group = 0; group < groupsOf(shape); group++) {
    const at = memory.groupsAt + group * GROUP_WORDS;
    poke(words, at + SPARE, memory.segmentsAt + (shape.shards + group) * cells);
    // Passed from the start: no guard can have entered before the first epoch.
    poke(words, at + SPARE_STAMP, -1);
  }
  store(words, memory.epochAt, peek(words, memory.epochAt));
}
