import { namesOfRegion } from "@udp-relay/model-check";
import type { NamedRange } from "@udp-relay/model-check";
import type { Owner } from "@udp-relay/atomics-layout";
import { ShardedMap } from "../src/index.ts";
import type { ShardedMapOptions } from "../src/index.ts";
import { shardAt } from "../src/map-memory.ts";
import { GUARD_WORDS } from "../src/map-plan.ts";
import { memoryOf } from "../test/map-audit.ts";
import { u32Keys } from "./keys.ts";
import type { Keys } from "./keys.ts";

/** A writer that gives up at once: its waiting would only multiply the states. */
const patience = { lockSpins: 1, restSpins: 1 };

/** What `setup` leaves: a map with some keys, a handle for the first. */
export interface TinyMap {
  readonly map: ShardedMap;
  readonly handle: number;
  /** What numbers stand for as keys; default: for themselves. */
  readonly keys?: Keys;
}

export function tinyMap(
  numbers: readonly number[],
  options: Partial<ShardedMapOptions> = {},
  keys: Keys = u32Keys,
): TinyMap {
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
  for (const key of numbers) {
    const slot = keys.getOrInsert(map, key);
    handle ||= map.handle(slot);
  }
  guard.leave();
  return { map, handle, keys };
}

/** A thread's own instance. */
export type User = TinyMap;

/** A writer that looks three times at a held lock, and at the guards. */
export function attachPatient(shared: TinyMap): User {
  return {
    ...shared,
    map: ShardedMap.attach(shared.map.shared, { patience: { lockSpins: 3, restSpins: 3 } }),
  };
}

export function attachUser(shared: TinyMap): User {
  return { ...shared, map: ShardedMap.attach(shared.map.shared, { patience }) };
}

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
