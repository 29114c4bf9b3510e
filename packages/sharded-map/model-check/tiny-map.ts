import { namesOfRegion } from "@udp-relay/model-check";
import type { Call, NamedRange } from "@udp-relay/model-check";
import type { Owner } from "@udp-relay/atomics-layout";
import { ABSENT, BUSY, EXISTS, FULL, ShardedMap } from "../src/index.ts";
import type { ShardedMapOptions } from "../src/index.ts";
import { shardAt } from "../src/map-memory.ts";
import { GUARD_WORDS } from "../src/map-plan.ts";
import { memoryOf } from "../test/map-audit.ts";

/** A writer that gives up at once: its waiting would only multiply the states. */
const patience = { lockSpins: 1, restSpins: 1 };

/** What `setup` leaves: a map with some keys, a handle for the first. */
export interface TinyMap {
  readonly map: ShardedMap;
  readonly handle: number;
}

export function tinyMap(keys: readonly number[], options: Partial<ShardedMapOptions> = {}): TinyMap {
  const map = ShardedMap.create({
    capacity: 2,
    key: "u32",
    shards: 1,
    workers: 1,
    batch: 2,
    owners: 4,
    patience,
    ...options,
  });
  const guard = map.enter();
  let handle = 0;
  for (const key of keys) {
    const slot = map.getOrInsert(key);
    handle ||= map.handle(slot);
  }
  guard.leave();
  return { map, handle };
}

/** A thread's own instance. */
export interface User {
  readonly map: ShardedMap;
  readonly handle: number;
}

export function attachUser({ map, handle }: TinyMap): User {
  return { map: ShardedMap.attach(map.shared, { patience }), handle };
}

/** One recorded operation, in a guard of its own. */
export type Operation = (user: User, call: Call) => void;

const insertOutcome = (slot: number, created: boolean): string =>
  slot === FULL ? "FULL" : slot === BUSY ? "BUSY" : created ? "created" : "found";

export const get =
  (key: number): Operation =>
  ({ map }, call) =>
    call("get", [key], () => (map.has(key) ? "hit" : "miss"));

export const getOrInsert =
  (key: number): Operation =>
  ({ map }, call) =>
    call("getOrInsert", [key], () => {
      const guard = map.enter();
      const slot = map.getOrInsert(key);
      guard.leave();
      return insertOutcome(slot, map.created);
    });

export const insert =
  (key: number): Operation =>
  ({ map }, call) =>
    call("insert", [key], () => {
      const guard = map.enter();
      const slot = map.insert(key);
      guard.leave();
      return slot === EXISTS ? "found" : insertOutcome(slot, true);
    });

const removeOutcome = (slot: number): string =>
  slot === ABSENT ? "absent" : slot === BUSY ? "BUSY" : "removed";

export const remove =
  (key: number): Operation =>
  ({ map }, call) =>
    call("remove", [key], () => removeOutcome(map.remove(key)));

/** The predicate looks at the entry under the lock, and agrees: a removal. */
export const removeIf =
  (key: number): Operation =>
  ({ map }, call) =>
    call("remove", [key], () => removeOutcome(map.removeIf(key, (slot) => map.keyOf(slot) === key)));

/** Every key that `entries` yields, each from a guard of its own: what a walk may see, no more. */
export const entries: Operation = ({ map }, call) =>
  call("forEach", [], () =>
    [...map.entries()]
      .map(([key]) => key as number)
      .sort((a, b) => a - b)
      .join(),
  );

/** Every key that a walk sees. */
export const forEach: Operation = ({ map }, call) =>
  call("forEach", [], () => {
    const keys: number[] = [];
    map.forEach((slot) => keys.push(map.keyOf(slot)));
    return keys.sort((a, b) => a - b).join();
  });

/**
 * A sweep for one entry, the one of the handle: as a whole, a sweep is as many operations as it removes entries. What it
 * finds BUSY it leaves for the next round.
 */
export const sweep =
  (life: string): Operation =>
  ({ map, handle }, call) =>
    call("sweep", [0, life], () => map.sweep((slot) => map.handle(slot) === handle, 64));

export const size: Operation = ({ map }, call) => call("size", [], () => map.size);

/** The handle of the first key that `setup` inserted. */
export const resolve =
  (life: string): Operation =>
  ({ map, handle }, call) =>
    call("resolve", [0, life], () => (map.resolve(handle) >= 0 ? "live" : "gone"));

export const removeHandle =
  (life: string): Operation =>
  ({ map, handle }, call) =>
    call("removeHandle", [0, life], () => removeOutcome(map.removeHandle(handle)));

export const rekey =
  (key: number, life: string): Operation =>
  ({ map, handle }, call) =>
    call("rekey", [key, life], () => {
      const slot = map.rekey(handle, key);
      if (slot === BUSY) return "BUSY";
      return slot === EXISTS ? "exists" : slot === ABSENT ? "absent" : "moved";
    });

/** Declares the death of the thread that was killed, and repairs after it, as `superviseWorker` does. */
export function repairAfter({ map }: User, killed: string): void {
  const victim = map.region.owners().find(({ index }) => index === Number(killed.at(-1)));
  if (victim === undefined) throw new Error(`${killed} has no owner`);
  map.region.declareDead(victim.id);
  map.region.repairDead((map as unknown as { owner: Owner }).owner);
}

/** Everything that a counter-example may speak of: the map's own words, its index, its slots and their records. */
export function names({ map }: TinyMap): readonly NamedRange[] {
  const memory = memoryOf(map);
  const { region, shape, recordWords } = memory;
  const bytes = region.memory;
  const words = (name: string, at: number, count: number, stride?: number): NamedRange => ({
    memory: bytes,
    name,
    byteOffset: at * 4,
    byteLength: count * 4,
    ...(stride === undefined ? {} : { stride: stride * 4 }),
  });
  const shards = Array.from({ length: shape.shards }, (_, shard) => shardAt(memory, shard));
  return [
    ...shards.map((at, shard) => ({ ...words(`shard ${shard}`, at, 32), fields: SHARD_FIELDS })),
    words("epoch", memory.epochAt, 1, 1),
    words("tickets", memory.ticketsByte >>> 2, 2, 2),
    words("guard", memory.guardsAt, shape.owners * GUARD_WORDS, GUARD_WORDS),
    words("selector", memory.selectorsAt, shape.shards, 1),
    words("link", memory.linksAt, shape.slots, 1),
    words(
      "identity of slot - 1",
      memory.identityAt,
      (shape.slots + 1) << memory.identityBits,
      1 << memory.identityBits,
    ),
    ...namesOfRegion(region, recordWords === 0 ? {} : { records: recordWords * 4 }),
  ];
}

const SHARD_FIELDS = Object.fromEntries(
  [
    "lock",
    "journal",
    "confirmed",
    "inflight",
    "fresh",
    "freshEnd",
    "head",
    "tail",
    "free",
    "waiting",
    "waitingStamp",
    "resting",
    "lastStamp",
    "liveCount",
    "used",
    "previous",
  ].map((field, index) => [field, index * 4]),
);
