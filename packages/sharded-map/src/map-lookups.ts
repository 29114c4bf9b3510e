import { peek as peekWord } from "@udp-relay/atomics-layout/memory";
import type { RegionOps, Words } from "@udp-relay/atomics-layout/memory";
import type { Owner, Region } from "@udp-relay/atomics-layout";
import { Guard } from "./guard.ts";
import { COPY, endpointOf, handleOf, IPV4, isEndpointOf, keyAt, LIVE, slotOfHandle } from "./identity.ts";
import { DEFAULT_PATIENCE, MapMemory } from "./map-memory.ts";
import type { EndpointWords, ShardedMapThreadOptions } from "./map-options.ts";
import { MAP_NAME } from "./map-plan.ts";
import { ABSENT } from "./outcomes.ts";
import { ShardedMapError } from "./sharded-map-error.ts";
import {
  hashIPv4 as hashOfIPv4,
  hashOther as hashOfOther,
  hashU32 as hashOfU32,
  isIPv4 as isMapped,
} from "./tabulation.ts";

// Own names: see map-memory.ts.
const peek = peekWord;
const hashIPv4 = hashOfIPv4;
const hashOther = hashOfOther;
const hashU32 = hashOfU32;
const isIPv4 = isMapped;
const LIVE_BIT: typeof LIVE = 1;
const COPY_BIT: typeof COPY = 2;
const IPV4_BIT: typeof IPV4 = -(2 ** 31);
const NOT_FOUND: typeof ABSENT = -1;

/** The reading half of a `ShardedMap`: guards, lookups, handles. Nothing here writes to the map. */
export class MapLookups {
  // `declare`: a field that were first undefined would never be a constant small integer to the compiler.
  declare readonly region: Region;
  declare readonly capacity: number;

  declare protected readonly memory: MapMemory;
  declare protected readonly owner: Owner;
  declare protected readonly guard: Guard;
  /** The thread's guard if the keys are of that kind, else one that is never entered: a lookup checks both by it. */
  declare protected readonly u32Guard: Guard;
  declare protected readonly endpointGuard: Guard;

  // What lookups read, within one object's reach.
  declare protected readonly words: Words;
  declare protected readonly tables: Int32Array<ArrayBuffer>;
  declare private readonly ops: RegionOps;
  declare private readonly selectorsAt: number;
  declare private readonly identityAt: number;
  declare private readonly secondKeysAt: number;
  declare private readonly cellBits: number;
  declare private readonly cellMask: number;
  declare private readonly shardMask: number;
  declare private readonly slotMask: number;

  protected constructor(region: Region, options: ShardedMapThreadOptions) {
    this.region = region;
    this.capacity = region.capacity;
    this.owner = region.claimOwner(MAP_NAME);
    const memory = new MapMemory(region, this.owner, options.patience ?? DEFAULT_PATIENCE);
    this.memory = memory;
    this.guard = new Guard(memory);
    const never = new Guard(memory);
    this.u32Guard = memory.keyWords === 1 ? this.guard : never;
    this.endpointGuard = memory.keyWords === 1 ? never : this.guard;
    this.words = memory.words;
    this.tables = memory.tables;
    this.ops = memory.ops;
    this.selectorsAt = memory.selectorsAt;
    this.identityAt = memory.identityAt;
    this.secondKeysAt = memory.secondKeysAt;
    this.cellBits = memory.cellBits;
    this.cellMask = memory.cellMask;
    this.shardMask = memory.shardMask;
    this.slotMask = memory.slotMask;
  }

  /** Enters a guard: `using guard = map.enter()`. Concurrency: publishes an epoch and fences; no wait. */
  enter(): Guard {
    this.guard.enter();
    return this.guard;
  }

  /**
   * The slot of a u32 key, or ABSENT. A lookup takes its key modulo 2^32, as int32 or as u32 (-1 is 0xffff_ffff, what is no
   * number is 0): it asks nothing of it that would cost every datagram time. Whatever creates, removes or renames an entry
   * refuses a key that is neither.
   *
   * @throws ShardedMapError ERR_SHARDED_MAP_NO_GUARD, ERR_SHARDED_MAP_KEY_KIND
   *
   * Concurrency: in a guard; plain reads only, no wait.
   */
  get(key: number): number {
    if (this.u32Guard.depth === 0) this.refuse(1);
    const { words, cellMask, slotMask } = this;
    const wanted = key | 0;
    const hash = hashU32(this.tables, wanted);
    const segment = peek(words, this.selectorsAt + ((hash >>> this.cellBits) & this.shardMask));
    const home = hash & cellMask;
    let cell = home;
    do {
      const word = peek(words, segment + cell);
      if (((word ^ hash) & ~slotMask) === 0) {
        const at = this.identityAt + ((word & slotMask) << 1);
        if (peek(words, at + 1) === wanted && (peek(words, at) & LIVE_BIT) !== 0)
          return (word & slotMask) - 1;
      }
      if (word === 0) return NOT_FOUND;
      cell = (cell + 1) & cellMask;
    } while (cell !== home);
    return NOT_FOUND;
  }

  /** As `get`, for an endpoint given by its words. */
  getWords(a0: number, a1: number, a2: number, a3: number, port: number, zone: number): number {
    if (this.endpointGuard.depth === 0) this.refuse(6);
    return isIPv4(a0, a1, a2, zone) ? this.findIPv4(a3, port) : this.findWords(a0, a1, a2, a3, port, zone);
  }

  /** Apart from `findWords` because it is shorter: short enough to become part of its caller. */
  private findIPv4(a3: number, port: number): number {
    const { words, cellMask, slotMask } = this;
    const hash = hashIPv4(this.tables, a3, port);
    const segment = peek(words, this.selectorsAt + ((hash >>> this.cellBits) & this.shardMask));
    const home = hash & cellMask;
    let cell = home;
    do {
      const word = peek(words, segment + cell);
      if (((word ^ hash) & ~slotMask) === 0) {
        const place = (word & slotMask) << 3;
        const control = peek(words, this.identityAt + place);
        const copy = (control & COPY_BIT) === 0 ? this.identityAt + place + 2 : this.secondKeysAt + place;
        const difference = (peek(words, copy + 3) ^ a3) | (peek(words, copy + 4) ^ (port | IPV4_BIT));
        if (difference === 0 && (control & LIVE_BIT) !== 0) return (word & slotMask) - 1;
      }
      if (word === 0) return NOT_FOUND;
      cell = (cell + 1) & cellMask;
    } while (cell !== home);
    return NOT_FOUND;
  }

  private findWords(a0: number, a1: number, a2: number, a3: number, port: number, zone: number): number {
    const { words, cellMask, slotMask } = this;
    const hash = hashOther(this.tables, this.ops.multilinear(a0, a1, a2, a3), port, zone);
    const segment = peek(words, this.selectorsAt + ((hash >>> this.cellBits) & this.shardMask));
    const home = hash & cellMask;
    let cell = home;
    do {
      const word = peek(words, segment + cell);
      if (((word ^ hash) & ~slotMask) === 0) {
        const place = (word & slotMask) << 3;
        const control = peek(words, this.identityAt + place);
        const copy = (control & COPY_BIT) === 0 ? this.identityAt + place + 2 : this.secondKeysAt + place;
        const difference =
          (peek(words, copy) ^ a0) |
          (peek(words, copy + 1) ^ a1) |
          (peek(words, copy + 2) ^ a2) |
          (peek(words, copy + 3) ^ a3) |
          (peek(words, copy + 4) ^ port) |
          (peek(words, copy + 5) ^ zone);
        if (difference === 0 && (control & LIVE_BIT) !== 0) return (word & slotMask) - 1;
      }
      if (word === 0) return NOT_FOUND;
      cell = (cell + 1) & cellMask;
    } while (cell !== home);
    return NOT_FOUND;
  }

  /** As `get`, for an endpoint. */
  getEndpoint(endpoint: EndpointWords): number {
    return this.getWords(endpoint.a0, endpoint.a1, endpoint.a2, endpoint.a3, endpoint.port, endpoint.zone);
  }

  /** Whether a u32 key has an entry. Concurrency: in a guard or not; no wait. */
  has(key: number): boolean {
    this.guard.enter();
    try {
      return this.get(key) >= 0;
    } finally {
      this.guard.leave();
    }
  }

  /** Whether an endpoint has an entry. Concurrency: in a guard or not; no wait. */
  hasEndpoint(endpoint: EndpointWords): boolean {
    this.guard.enter();
    try {
      return this.getEndpoint(endpoint) >= 0;
    } finally {
      this.guard.leave();
    }
  }

  /**
   * A number that names the entry in this slot for good: an integer below 2^52, never 0. It names it in this map: another
   * map may have an entry of that name, too.
   *
   * Concurrency: in a guard; one plain read.
   */
  handle(slot: number): number {
    return handleOf(this.memory, slot);
  }

  /**
   * The slot of a handle's entry, or ABSENT once it was removed, also if its slot was used again since.
   *
   * Concurrency: anywhere; one atomic read. Outside a guard the slot may be used again at any moment: read the record,
   * then ask `isCurrent(handle)`, and only then believe what was read. To write to the record, enter a guard first.
   */
  resolve(handle: number): number {
    return slotOfHandle(this.memory, handle);
  }

  /** Whether everything read since `resolve` belonged to the handle's entry. Concurrency: anywhere; a fence, a read. */
  isCurrent(handle: number): boolean {
    this.memory.ops.fence();
    return slotOfHandle(this.memory, handle) >= 0;
  }

  /** The u32 key of a slot. Concurrency: in a guard; one plain read. */
  keyOf(slot: number): number {
    return peek(this.words, keyAt(this.memory, slot)) >>> 0;
  }

  /** The endpoint of a slot, as a new object: that of one moment. Concurrency: in a guard; one atomic read. */
  endpointOf(slot: number): EndpointWords {
    return endpointOf(this.memory, slot);
  }

  /** Whether that is the endpoint of a slot, without an object. Concurrency: as `endpointOf`. */
  isEndpointOf(slot: number, endpoint: EndpointWords): boolean {
    return isEndpointOf(this.memory, slot, endpoint);
  }

  /** @throws ShardedMapError: why the guard that a method needs is not entered */
  protected refuse(keyWords: 1 | 6): never {
    if (this.memory.keyWords !== keyWords) {
      const [kind, other] = keyWords === 1 ? ["endpoints", "u32"] : ["u32", "endpoints"];
      throw new ShardedMapError("ERR_SHARDED_MAP_KEY_KIND", `this map's keys are ${kind}, not ${other}`);
    }
    throw new ShardedMapError(
      "ERR_SHARDED_MAP_NO_GUARD",
      "a slot number is good only inside a guard: using guard = map.enter()",
    );
  }
}
