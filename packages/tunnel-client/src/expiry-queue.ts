import type { SectionPlan } from "@udp-relay/atomics-layout";
import { endpointFromWords } from "@udp-relay/address-validation";
import { load, store } from "@udp-relay/atomics-layout/memory";
import type { ClientSnapshot } from "./client-snapshot.ts";
import { bitsOfFloat, floatOfBits } from "./float-bits.ts";
import type { TableMemory } from "./table-memory.ts";

/** Why a client is gone. */
export type ExpiryReason = "expired" | "evicted";

/** The last that is known of a client, delivered to `onExpire`. */
export interface ExpiredClient extends ClientSnapshot {
  /** "expired": silent for the timeout. "evicted": unpaired, and the table was full. */
  readonly reason: ExpiryReason;
  /** A thread died while it delivered this client, perhaps after it had called back. */
  readonly redelivered: boolean;
}

/*
 * Final snapshots on their way to a callback, in shared memory, so that no death of a thread loses one:
 *
 *     FREE -> CLAIMED -> PREPARED --client is gone--> READY --take--> DELIVERING --called back--> FREE
 *
 * The state and the owner it belongs to are a pair of words and change together. PREPARED names its client and is
 * entered under the lock of the client's shard, before the client goes. So when its owner dies there, the client's generation says what happened:
 * still live, and nothing did; gone, and the snapshot is READY. If somebody else takes that lock over first and expires
 * the client itself, it finds the entry by its handle and takes it as its own. A READY entry's owner is who delivers it,
 * 0 for anybody; a DELIVERING one of a dead owner is READY again, marked.
 *
 *     0 state  1 owner  2 handle (u64)  4 id  5 reason  6 endpoint (6 words)  12 packets in, bytes in, packets out,
 *     bytes out (u64)  20 age  21 idle  22 latency  23 loss  24 jitter  25 rate in  26 rate out (f32)  27 priority
 */
const ENTRY_WORDS = 32;
const FREE = 0;
const PREPARED = 1;
const READY = 2;
const DELIVERING = 3;
const CLAIMED = 4;
const STATE_MASK = 7;
const REDELIVERED = 8;

const REASONS: readonly ExpiryReason[] = ["expired", "evicted"];

export function expirySection(entries: number): SectionPlan {
  return { name: "expiries", byteLength: entries * ENTRY_WORDS * 4 };
}

/**
 * Takes an entry for a client that is about to go: the one that a dead thread prepared for it, or a free one.
 *
 * @returns its index, or -1 if all are taken
 *
 * Concurrency: the holder of the lock of the client's shard; never waits. Reads two words an entry.
 */
export function prepareExpiry(memory: TableMemory, handle: number): number {
  const { ops, ownerId, settings } = memory;
  let free = -1;
  for (let entry = 0; entry < settings.expiryQueue; entry++) {
    const at = entryAt(memory, entry);
    const state = ops.loadPair(at * 4);
    const owner = ops.pairHigh();
    if ((state & STATE_MASK) === PREPARED && ops.load64((at + 2) * 4) === handle) {
      // Its owner is not in the lock that we hold: it died there. A repairer may race us; one of us wins.
      if (ops.casPair(at * 4, state, owner, PREPARED, ownerId) === 1) return entry;
    } else if (state === FREE && free < 0) free = entry;
  }
  for (let entry = Math.max(0, free); free >= 0 && entry < settings.expiryQueue; entry++) {
    const at = entryAt(memory, entry);
    if (ops.casPair(at * 4, FREE, 0, CLAIMED, ownerId) !== 1) continue;
    ops.store64((at + 2) * 4, handle);
    ops.storePair(at * 4, PREPARED, ownerId);
    return entry;
  }
  return -1;
}

/** Writes what is known of the client. Concurrency: the entry's owner, PREPARED. */
export function writeExpiry(
  memory: TableMemory,
  entry: number,
  snapshot: ClientSnapshot,
  reason: ExpiryReason,
): void {
  const { words, ops } = memory;
  const at = entryAt(memory, entry);
  const { a0, a1, a2, a3, port, zone } = snapshot.endpoint;
  store(words, at + 4, snapshot.id ?? 0);
  store(words, at + 5, REASONS.indexOf(reason));
  [a0, a1, a2, a3, port, zone].forEach((word, i) => {
    store(words, at + 6 + i, word);
  });
  ops.store64((at + 12) * 4, snapshot.packetsReceived);
  ops.store64((at + 14) * 4, snapshot.bytesReceived);
  ops.store64((at + 16) * 4, snapshot.packetsSent);
  ops.store64((at + 18) * 4, snapshot.bytesSent);
  store(words, at + 20, snapshot.ageMs);
  store(words, at + 21, snapshot.idleMs);
  store(words, at + 22, optionalBits(snapshot.latencyMs));
  store(words, at + 23, optionalBits(snapshot.lossPerMille));
  store(words, at + 24, optionalBits(snapshot.jitterMs));
  store(words, at + 25, bitsOfFloat(snapshot.bytesPerSecondIn));
  store(words, at + 26, bitsOfFloat(snapshot.bytesPerSecondOut));
  store(words, at + 27, snapshot.priority);
}

/** The client is gone: its entry can be delivered, by `deliverer` or by anybody if that is 0. Concurrency: its owner. */
export function publishExpiry(memory: TableMemory, entry: number, deliverer: number): void {
  memory.ops.storePair(entryAt(memory, entry) * 4, READY, deliverer);
}

/** The client stays, or its callback has returned. Concurrency: the entry's owner. */
export function discardExpiry(memory: TableMemory, entry: number): void {
  memory.ops.storePair(entryAt(memory, entry) * 4, FREE, 0);
}

/**
 * Takes the next entry, from `from` on, that this thread may deliver.
 *
 * @returns its index, or -1
 *
 * Concurrency: any thread; one of those who race for an entry wins. Never waits.
 */
export function takeExpiry(memory: TableMemory, from: number): number {
  const { ops, ownerId, settings } = memory;
  for (let entry = from; entry < settings.expiryQueue; entry++) {
    const at = entryAt(memory, entry) * 4;
    const state = ops.loadPair(at);
    const owner = ops.pairHigh();
    if ((state & STATE_MASK) !== READY || (owner !== 0 && owner !== ownerId)) continue;
    const marks = state & REDELIVERED;
    if (ops.casPair(at, state, owner, DELIVERING | marks, ownerId) === 1) return entry;
  }
  return -1;
}

/** Concurrency: whoever took the entry. */
export function readExpiry(memory: TableMemory, entry: number): ExpiredClient {
  const { words, ops, settings } = memory;
  const at = entryAt(memory, entry);
  const word = (i: number): number => load(words, at + i);
  const bytesPerSecondIn = floatOfBits(word(25));
  const bytesPerSecondOut = floatOfBits(word(26));
  const idleMs = word(21);
  return {
    handle: ops.load64((at + 2) * 4),
    id: settings.keyWords === 1 ? word(4) >>> 0 : undefined,
    endpoint: endpointFromWords(word(6), word(7), word(8), word(9), word(10), word(11) >>> 0),
    packetsReceived: ops.load64((at + 12) * 4),
    bytesReceived: ops.load64((at + 14) * 4),
    packetsSent: ops.load64((at + 16) * 4),
    bytesSent: ops.load64((at + 18) * 4),
    bytesPerSecondIn,
    bytesPerSecondOut,
    latencyMs: optionalFloat(word(22)),
    lossPerMille: optionalFloat(word(23)),
    jitterMs: optionalFloat(word(24)),
    priority: word(27),
    isSlow: bytesPerSecondIn + bytesPerSecondOut < settings.slowBytesPerSecond,
    isTimedOut: idleMs >= settings.timeoutMs,
    idleMs,
    ageMs: word(20),
    reason: REASONS[word(5)] ?? "expired",
    redelivered: (word(0) & REDELIVERED) !== 0,
  };
}

/**
 * Leaves to anybody what this thread has kept for itself to deliver and has not begun to: nobody here listens any more.
 *
 * Concurrency: the thread; never waits.
 */
export function offerExpiries(memory: TableMemory): void {
  const { ops, ownerId, settings } = memory;
  for (let entry = 0; entry < settings.expiryQueue; entry++) {
    const at = entryAt(memory, entry) * 4;
    const state = ops.loadPair(at);
    if ((state & STATE_MASK) !== READY || ops.pairHigh() !== ownerId) continue;
    ops.storePair(at, state, 0);
  }
}

/** Leaves to anybody what this thread had kept for itself to deliver. Concurrency: the thread, before it detaches. */
export function releaseExpiries(memory: TableMemory): void {
  repairExpiries(memory, memory.ownerId);
}

/**
 * Completes, undoes or hands on what a dead owner had in its hands; also what it had kept for itself to deliver.
 *
 * Concurrency: the dead owner's taker; may run again for it.
 */
export function repairExpiries(memory: TableMemory, dead: number): void {
  const { ops, settings } = memory;
  for (let entry = 0; entry < settings.expiryQueue; entry++) {
    const at = entryAt(memory, entry) * 4;
    const state = ops.loadPair(at);
    if (ops.pairHigh() !== dead || state === FREE) continue;
    switch (state & STATE_MASK) {
      case CLAIMED:
        ops.casPair(at, state, dead, FREE, 0);
        break;
      case PREPARED: {
        const gone = memory.map.resolve(ops.load64(at + 8)) < 0;
        ops.casPair(at, state, dead, gone ? READY : FREE, 0);
        break;
      }
      case READY:
        ops.casPair(at, state, dead, state, 0);
        break;
      default:
        ops.casPair(at, state, dead, READY | REDELIVERED, 0);
    }
  }
}

/** Entries that are not free. Concurrency: any thread; not one moment's picture. */
export function pendingExpiries(memory: TableMemory): number {
  let pending = 0;
  for (let entry = 0; entry < memory.settings.expiryQueue; entry++) {
    if (load(memory.words, entryAt(memory, entry)) !== FREE) pending++;
  }
  return pending;
}

function entryAt(memory: TableMemory, entry: number): number {
  return memory.expiriesAt + entry * ENTRY_WORDS;
}

/** 0 for "not measured", as in the record. */
function optionalBits(value: number | undefined): number {
  return value === undefined ? 0 : bitsOfFloat(value === 0 ? -0 : value);
}

function optionalFloat(bits: number): number | undefined {
  return bits === 0 ? undefined : Math.abs(floatOfBits(bits));
}
