import { load, peek as peekWord, poke as pokeWord, store } from "@udp-relay/atomics-layout/memory";
import type { MapMemory } from "./map-memory.ts";
import type { EndpointWords } from "./map-options.ts";
import { hashIPv4, hashOther, hashU32 as hashOfU32, isIPv4 } from "./tabulation.ts";

/**
 * A slot's identity. Its control word is the truth about the entry, whatever the index says:
 *
 *     control  generation (28 bits) | unused (2) | COPY (1) | LIVE (1)
 *
 *     u32      0 control  1 key
 *     endpoint 0 control  1 stamp of the idle copy  2..7 first copy of the key (address words 0 to 3, port, zone)
 *              and 0..5 in the section "secondKeys" the second copy; COPY says which one is the key. The port's highest
 *              bit says that it is an IPv4 endpoint without a zone: then its address word and its port decide
 *
 * An entry exists from the store that sets LIVE to the store that clears it: both have one writer, the holder of the lock
 * of the key's shard. A slot's key does not change while it is not LIVE and rests, so that whoever found a slot in a
 * guard and sees the key and LIVE has seen the entry.
 */
export const LIVE = 1;
export const COPY = 2;
/** In a stored port. */
export const IPV4: number = -(2 ** 31);
const GENERATION_BITS = 4;
export const MAX_GENERATION: number = 2 ** 28 - 1;

const COPY_STAMP = 1;
const U32_KEY = 1;
const FIRST_COPY = 2;
const SECOND_COPY_BITS = 3;
const ENDPOINT_WORDS = 6;

// Own names: see map-memory.ts.
const peek = peekWord;
const poke = pokeWord;
const hashU32 = hashOfU32;

/** Handles hold the slot in their low 24 bits and the generation above: an integer below 2^52, never 0. */
const HANDLE_SLOTS = 2 ** 24;

/** Index of a slot's control word; slot -1 has one too, which is never LIVE. */
export function controlAt(memory: MapMemory, slot: number): number {
  return memory.identityAt + ((slot + 1) << memory.identityBits);
}

/** Concurrency: the slot's holder, or as a hint: without the lock, what is read after it may be older than it. */
export function isLive(memory: MapMemory, slot: number): boolean {
  return (peek(memory.words, controlAt(memory, slot)) & LIVE) !== 0;
}

/**
 * Whether a slot that was found by its number is an entry, with its key and record complete. (A lookup needs no atomic
 * read: it reads the slot by way of the word that was stored after them, and no processor of ours reads the end of a
 * pointer older than the pointer.)
 *
 * Concurrency: anywhere; one plain read, and for an entry one atomic read.
 */
export function isEntry(memory: MapMemory, slot: number): boolean {
  const at = controlAt(memory, slot);
  return (peek(memory.words, at) & LIVE) !== 0 && (load(memory.words, at) & LIVE) !== 0;
}

export function generationOf(control: number): number {
  return control >>> GENERATION_BITS;
}

/** The control word with which a slot's next life begins. */
function nextLife(control: number): number {
  return ((generationOf(control) + 1) << GENERATION_BITS) | LIVE;
}

/** A number for the entry that outlives the guard. Concurrency: in a guard; one plain read. */
export function handleOf(memory: MapMemory, slot: number): number {
  return generationOf(peek(memory.words, controlAt(memory, slot))) * HANDLE_SLOTS + slot;
}

/** The handle's slot, or -1 if its entry is gone. Concurrency: any thread, in a guard or not; one atomic read. */
export function slotOfHandle(memory: MapMemory, handle: number): number {
  const slot = handle % HANDLE_SLOTS;
  if (!(slot >= 0 && slot < memory.shape.slots)) return -1;
  const control = memory.ops.load32(controlAt(memory, slot) << 2);
  const generation = (handle - slot) / HANDLE_SLOTS;
  return (control & LIVE) !== 0 && generationOf(control) === generation ? slot : -1;
}

/** Index of the first word of a slot's key. */
export function keyAt(memory: MapMemory, slot: number): number {
  const at = controlAt(memory, slot);
  if (memory.keyWords === 1) return at + U32_KEY;
  return (peek(memory.words, at) & COPY) === 0 ? at + FIRST_COPY : secondCopyAt(memory, slot);
}

function secondCopyAt(memory: MapMemory, slot: number): number {
  return memory.secondKeysAt + ((slot + 1) << SECOND_COPY_BITS);
}

/** Whether a slot is LIVE under the key in `memory.key`. */
export function isEntryOfKey(memory: MapMemory, slot: number): boolean {
  if (memory.keyWords !== 1) return isEntryOfEndpoint(memory, slot);
  const { words } = memory;
  const at = controlAt(memory, slot);
  return (peek(words, at) & LIVE) !== 0 && peek(words, at + U32_KEY) === memory.key[0]!;
}

function isEntryOfEndpoint(memory: MapMemory, slot: number): boolean {
  const { words, key } = memory;
  if (!isLive(memory, slot)) return false;
  const at = keyAt(memory, slot);
  for (let i = 0; i < ENDPOINT_WORDS; i++) {
    if (peek(words, at + i) !== key[i]!) return false;
  }
  return true;
}

/** Gives a slot that has rested the key in `memory.key`. Concurrency: the slot's holder; plain. */
export function writeKey(memory: MapMemory, slot: number): void {
  const at = controlAt(memory, slot);
  if (memory.keyWords === 1) poke(memory.words, at + U32_KEY, memory.key[0]!);
  else writeEndpoint(memory, at);
}

function writeEndpoint(memory: MapMemory, at: number): void {
  writeCopy(memory, at + FIRST_COPY);
  poke(memory.words, at + COPY_STAMP, 0);
}

function writeCopy(memory: MapMemory, at: number): void {
  for (let i = 0; i < ENDPOINT_WORDS; i++) poke(memory.words, at + i, memory.key[i]!);
}

/**
 * Index of the words of a slot's endpoint, for whoever found the slot by its number, not by the key, and so has nothing
 * to compare them with: one atomic read, after which the words of the copy that it chose are there.
 */
function copyAt(memory: MapMemory, slot: number): number {
  const at = controlAt(memory, slot);
  return (memory.ops.load32(at << 2) & COPY) === 0 ? at + FIRST_COPY : secondCopyAt(memory, slot);
}

/** A slot's endpoint, as a new object. Concurrency: in a guard; one atomic read. */
export function endpointOf(memory: MapMemory, slot: number): EndpointWords {
  const { words } = memory;
  const at = copyAt(memory, slot);
  return {
    a0: peek(words, at),
    a1: peek(words, at + 1),
    a2: peek(words, at + 2),
    a3: peek(words, at + 3),
    port: peek(words, at + 4) & ~IPV4,
    zone: peek(words, at + 5) >>> 0,
  };
}

/** Whether that is a slot's endpoint: all its words, of one moment. Concurrency: in a guard; one atomic read. */
export function isEndpointOf(memory: MapMemory, slot: number, endpoint: EndpointWords): boolean {
  const { words } = memory;
  const at = copyAt(memory, slot);
  return (
    peek(words, at + 3) === endpoint.a3 &&
    (peek(words, at + 4) & ~IPV4) === endpoint.port &&
    peek(words, at + 2) === endpoint.a2 &&
    peek(words, at + 1) === endpoint.a1 &&
    peek(words, at) === endpoint.a0 &&
    peek(words, at + 5) === (endpoint.zone | 0)
  );
}

/** The word that stands for an endpoint's port in its key. */
export function storedPort(a0: number, a1: number, a2: number, port: number, zone: number): number {
  return isIPv4(a0, a1, a2, zone) ? port | IPV4 : port;
}

function hashStored(
  { ops, tables }: MapMemory,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  port: number,
  zone: number,
): number {
  if ((port & IPV4) !== 0) return hashIPv4(tables, a3, port);
  return hashOther(tables, ops.multilinear(a0, a1, a2, a3), port, zone);
}

/** The hash of the key in `memory.key`. */
export function hashOfKey(memory: MapMemory): number {
  const { key, tables } = memory;
  if (memory.keyWords === 1) return hashU32(tables, key[0]!);
  return hashStored(memory, key[0]!, key[1]!, key[2]!, key[3]!, key[4]!, key[5]!);
}

/** The hash of a slot's present key. Concurrency: the holder of its shard's lock. */
export function hashOfSlot(memory: MapMemory, slot: number): number {
  const { words, tables } = memory;
  const at = keyAt(memory, slot);
  if (memory.keyWords === 1) return hashU32(tables, peek(words, at));
  return hashStored(
    memory,
    peek(words, at),
    peek(words, at + 1),
    peek(words, at + 2),
    peek(words, at + 3),
    peek(words, at + 4),
    peek(words, at + 5),
  );
}

/** The stamp that the idle copy of an endpoint got when it last ceased to be the key. */
export function idleCopyStamp(memory: MapMemory, slot: number): number {
  return peek(memory.words, controlAt(memory, slot) + COPY_STAMP);
}

export function setIdleCopyStamp(memory: MapMemory, slot: number, stamp: number): void {
  poke(memory.words, controlAt(memory, slot) + COPY_STAMP, stamp);
}

/** Writes `memory.key` to the copy that is not the key. Concurrency: the shard's holder, once that copy has passed. */
export function writeIdleCopy(memory: MapMemory, slot: number): void {
  const at = controlAt(memory, slot);
  const second = (peek(memory.words, at) & COPY) === 0;
  writeCopy(memory, second ? secondCopyAt(memory, slot) : at + FIRST_COPY);
}

/**
 * Makes the new key the key, in one store: before it the entry has its old key, after it the new one, whose word is
 * there already; the old one's goes later.
 *
 * Concurrency: the holder of both keys' shards, after the new key's index word was published.
 */
export function switchKey(memory: MapMemory, slot: number): void {
  const at = controlAt(memory, slot);
  if (memory.keyWords === 1) store(memory.words, at + U32_KEY, memory.key[0]!);
  else store(memory.words, at, peek(memory.words, at) ^ COPY);
}

/** Begins the slot's next life. Concurrency: the slot's holder, last of all: whoever sees LIVE sees the rest, too. */
export function setLive(memory: MapMemory, slot: number): void {
  const at = controlAt(memory, slot);
  memory.ops.store32(at << 2, nextLife(peek(memory.words, at)));
}

/** Ends the slot's life, before its word goes. Concurrency: the holder of the lock of the key's shard. */
export function setDead(memory: MapMemory, slot: number): void {
  const at = controlAt(memory, slot);
  memory.ops.store32(at << 2, peek(memory.words, at) & ~LIVE);
}
