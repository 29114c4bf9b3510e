import { endpointFromWords, type Endpoint } from "@udp-relay/address-validation";
import { compareExchange, load, peek, poke, store } from "@udp-relay/atomics-layout/memory";
import { COPY_0, COPY_STAMP, COPY_WORDS, LINE_WORDS, SELECT } from "./client-record.ts";
import { JOIN_BUSY } from "./join-refusal.ts";
import { receiveLine } from "./table-memory.ts";
import type { TableMemory } from "./table-memory.ts";

/*
 * Where a client of a u32 table is reached: two copies of the endpoint, and a word that says which one is true.
 *
 *     SELECT  claimant's owner id (30 bits) | copy (1)        0 or 1 while nobody rebinds
 *     STAMP   when the idle copy ceased to be the true one; SWITCHING around the flip
 *
 * A rebinder claims SELECT by CAS, writes the idle copy and flips. The idle copy must have rested: readers in guards from
 * before the last flip may still compare its words. Who finds the claimant declared dead takes the claim over; if it died
 * around its flip, the idle copy begins to rest then.
 */
const SWITCHING = 2;

function identityLine(memory: TableMemory, slot: number): number {
  return receiveLine(memory, slot) - LINE_WORDS;
}

/**
 * Index of the six words of a slot's endpoint.
 *
 * Concurrency: in a guard; one atomic read: the words of a copy that was chosen since the guard began are there.
 */
function endpointAt(memory: TableMemory, slot: number): number {
  const line = identityLine(memory, slot);
  return line + COPY_0 + (memory.ops.loadPair((line + SELECT) * 4) & 1) * COPY_WORDS;
}

/** Where a slot's client is reached, whatever the keys; a new object. Concurrency: in a guard; plain reads. */
export function readEndpoint(memory: TableMemory, slot: number): Endpoint {
  const { map, words, settings } = memory;
  if (settings.keyWords !== 1) {
    const { a0, a1, a2, a3, port, zone } = map.endpointOf(slot);
    return endpointFromWords(a0, a1, a2, a3, port, zone);
  }
  const at = endpointAt(memory, slot);
  return endpointFromWords(
    peek(words, at),
    peek(words, at + 1),
    peek(words, at + 2),
    peek(words, at + 3),
    peek(words, at + 4),
    peek(words, at + 5) >>> 0,
  );
}

/** Whether the client of a slot of a u32 table is reached at that endpoint. Concurrency: in a guard; one atomic read. */
export function isAtEndpoint(memory: TableMemory, slot: number, endpoint: Endpoint): boolean {
  const { words } = memory;
  const at = endpointAt(memory, slot);
  return (
    peek(words, at + 3) === endpoint.a3 &&
    peek(words, at + 4) === endpoint.port &&
    peek(words, at + 2) === endpoint.a2 &&
    peek(words, at) === endpoint.a0 &&
    peek(words, at + 1) === endpoint.a1 &&
    peek(words, at + 5) === (endpoint.zone | 0)
  );
}

/** The first endpoint of a newcomer. Concurrency: whoever initialises the record. */
export function writeFirstEndpoint(memory: TableMemory, slot: number, endpoint: Endpoint): void {
  writeCopy(memory, identityLine(memory, slot) + COPY_0, endpoint);
}

function writeCopy(memory: TableMemory, at: number, endpoint: Endpoint): void {
  const { words } = memory;
  poke(words, at, endpoint.a0);
  poke(words, at + 1, endpoint.a1);
  poke(words, at + 2, endpoint.a2);
  poke(words, at + 3, endpoint.a3);
  poke(words, at + 4, endpoint.port);
  poke(words, at + 5, endpoint.zone);
}

/**
 * Makes another endpoint the client's.
 *
 * @returns 0, or JOIN_BUSY: another thread rebinds the client, or has a moment ago while somebody is in a guard since
 *
 * Concurrency: in a guard; never waits.
 */
export function rebindEndpoint(memory: TableMemory, slot: number, endpoint: Endpoint): number {
  const { words, map, ownerId } = memory;
  const line = identityLine(memory, slot);
  const found = load(words, line + SELECT);
  const copy = found & 1;
  if (found > 1 && memory.region.isOwnerAlive(found >>> 1)) return JOIN_BUSY;
  const claim = (ownerId << 1) | copy;
  if (compareExchange(words, line + SELECT, found, claim) !== found) return JOIN_BUSY;
  const stamp = peek(words, line + COPY_STAMP);
  if (stamp === SWITCHING || !map.hasPassed(stamp)) {
    if (stamp === SWITCHING) poke(words, line + COPY_STAMP, map.retire());
    store(words, line + SELECT, copy);
    return JOIN_BUSY;
  }
  const idle = copy ^ 1;
  writeCopy(memory, line + COPY_0 + idle * COPY_WORDS, endpoint);
  poke(words, line + COPY_STAMP, SWITCHING);
  store(words, line + SELECT, (ownerId << 1) | idle);
  poke(words, line + COPY_STAMP, map.retire());
  store(words, line + SELECT, idle);
  return 0;
}
