import { load, peek } from "@udp-relay/atomics-layout/memory";
import { FULL } from "@udp-relay/sharded-map";
import type { EndpointWords, ShardedMap } from "@udp-relay/sharded-map";
import { isLive, hashOfSlot } from "../src/identity.ts";
import { cellOfSlot, segmentOf, shardOfHash } from "../src/index-segment.ts";
import {
  CLAIM,
  FREE,
  FRESH,
  FRESH_END,
  groupAt,
  HEAD,
  INFLIGHT,
  JOURNAL,
  LIVE_COUNT,
  LOCK,
  RESTING,
  RETIRED,
  shardAt,
  SPARE,
  TAIL,
  USED,
  WAITING,
} from "../src/map-memory.ts";
import type { MapMemory } from "../src/map-memory.ts";

/** The inside of a map, for tests that look at it. */
export function memoryOf(map: ShardedMap): MapMemory {
  return (map as unknown as { memory: MapMemory }).memory;
}

/**
 * Whether a quiet map is sound, from its words alone: every slot is live, on one list, or unused, exactly once; the
 * tickets are the live entries'; every entry is found under its key; nothing is locked or half done. Returns a fault.
 */
export function auditMap(map: ShardedMap): string | undefined {
  const memory = memoryOf(map);
  const { words, shape } = memory;
  const homes = new Uint8Array(shape.slots);
  let live = 0;
  let retired = 0;
  const perShard = new Array<number>(shape.shards).fill(0);
  const segments = new Set<number>();
  const groups = new Set<number>();
  for (let slot = 0; slot < shape.slots; slot++) {
    if (!isLive(memory, slot)) continue;
    live++;
    homes[slot]!++;
    const hash = hashOfSlot(memory, slot);
    const shard = shardOfHash(memory, hash);
    perShard[shard]!++;
    if (cellOfSlot(memory, shard, hash, slot) < 0) return `live slot ${slot} is not in its shard's index`;
  }
  for (let shard = 0; shard < shape.shards; shard++) {
    const at = shardAt(memory, shard);
    const word = (offset: number): number => peek(words, at + offset);
    if (load(words, at + LOCK) !== 0) return `shard ${shard} is locked`;
    if (word(INFLIGHT) !== 0) return `shard ${shard} has slot ${word(INFLIGHT) - 1} in its hands`;
    if ((word(JOURNAL) & 3) !== 0) return `shard ${shard} has an open journal`;
    if (load(words, groupAt(memory, shard) + CLAIM) !== 0)
      return `the spare segment of shard ${shard} is claimed`;
    for (let slot = word(FRESH); slot < word(FRESH_END); slot++) homes[slot]!++;
    let length = 0;
    let last = 0;
    for (let next = word(HEAD); next !== 0; length++) {
      last = next;
      if (length > shape.slots) return `the list of shard ${shard} is a circle`;
      homes[next - 1]!++;
      const link = peek(words, memory.linksAt + next - 1);
      if (link >>> 24 !== shard)
        return `slot ${next - 1} on the list of shard ${shard} is shard ${link >>> 24}'s`;
      next = link & 0xffffff;
    }
    if (last !== 0 && word(TAIL) !== last) return `the list of shard ${shard} ends elsewhere`;
    const counted = word(FREE) + word(WAITING) + word(RESTING);
    if (counted !== length) return `shard ${shard} counts ${counted} listed slots, there are ${length}`;
    if (word(LIVE_COUNT) !== perShard[shard])
      return `shard ${shard} counts ${word(LIVE_COUNT)} entries, not ${perShard[shard]!}`;
    const segment = segmentOf(memory, shard);
    let used = 0;
    for (let cell = 0; cell <= memory.cellMask; cell++) {
      const entry = peek(words, segment + cell);
      if (entry === 0) continue;
      used++;
      const slot = (entry & memory.slotMask) - 1;
      if (slot < 0 && entry !== memory.tagMask) return `cell ${cell} of shard ${shard} is no tombstone`;
      if (slot >= 0 && !isLive(memory, slot)) return `cell ${cell} of shard ${shard} leads to no entry`;
    }
    const group = groupAt(memory, shard);
    segments.add(segment).add(peek(words, group + SPARE));
    groups.add(group);
    if (word(USED) !== used) return `shard ${shard} counts ${word(USED)} used cells, there are ${used}`;
    retired += word(RETIRED);
  }
  if (segments.size !== shape.shards + groups.size) return "a segment is in two places";
  const whole = (at: number): boolean => (at - memory.segmentsAt) % (memory.cellMask + 1) === 0;
  const last = memory.segmentsAt + (segments.size - 1) * (memory.cellMask + 1);
  if (![...segments].every((at) => whole(at) && at >= memory.segmentsAt && at <= last))
    return "a shard's segment is none of the map's";
  if (map.size !== live) return `${map.size} tickets are out for ${live} entries`;
  const lost = homes.filter((count) => count === 0).length;
  if (lost !== retired) return `${lost} slots are lost, ${retired} retired`;
  return homes.some((count) => count > 1) ? "a slot is in two places" : undefined;
}

/** Whether exactly as many new entries fit as the capacity leaves; removes them again. Returns a fault. */
export function auditCapacity(map: ShardedMap, firstKey: number): string | undefined {
  const before = map.size;
  const added: number[] = [];
  for (let key = firstKey; added.length <= map.capacity; key++) {
    const slot = inGuard(map, () => (isU32(map) ? map.insert(key) : map.insertEndpoint(endpoint(key))));
    if (slot === FULL) break;
    if (slot < 0) return `insert answered ${slot}`;
    added.push(key);
  }
  for (const key of added) {
    if ((isU32(map) ? map.remove(key) : map.removeEndpoint(endpoint(key))) < 0) return `key ${key} was lost`;
  }
  const room = map.capacity - before;
  return added.length === room ? undefined : `${added.length} entries fit where ${room} should`;
}

function isU32(map: ShardedMap): boolean {
  return memoryOf(map).keyWords === 1;
}

function endpoint(port: number): EndpointWords {
  return { a0: 0, a1: 0, a2: 0xffff, a3: 0xa0000, port, zone: 0 };
}

export function inGuard<Result>(map: ShardedMap, body: () => Result): Result {
  const guard = map.enter();
  try {
    return body();
  } finally {
    guard.leave();
  }
}
