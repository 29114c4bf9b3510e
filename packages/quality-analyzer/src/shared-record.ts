import {
  add,
  compareExchange,
  exchange,
  load,
  pause,
  peek,
  poke,
  store,
} from "@udp-relay/atomics-layout/memory";
import { LOCK, SKIPPED, TAKEOVERS, VERSION } from "./record-layout.ts";
import type { RecordWords } from "./record-memory.ts";

/** What a shared record needs of its region: atomics-layout's `Region` is one. */
export interface RecordRegion {
  readonly words: RecordWords;
  readonly ops: { fence(): void };
  isOwnerAlive(id: number): boolean;
}

/*
 * The protocol of a record that several threads write and any thread reads.
 *
 *     LOCK     0, or the id of the owner that is writing. Taken by one try, never waited for.
 *     VERSION  counts the writings; changed only under the lock, before it is given back.
 *
 * A reader's copy is of one moment if LOCK was 0 before it and after it and VERSION is the same: a writing that began
 * after the first look either still holds the lock or has counted. The writer's fence keeps its first store behind
 * taking the lock, the reader's its last read ahead of looking again; the looks themselves are atomic.
 *
 * A writer that dies keeps the lock, so that readers reject what it left half done, until somebody who finds its
 * owner declared dead takes the lock over and restarts what cannot be trusted.
 */

/** What {@link enterRecord} found. */
export const Entered = { busy: 0, free: 1, takenOver: 2 } as const;
export type Entered = (typeof Entered)[keyof typeof Entered];

/**
 * Takes the record's lock for `owner`, or counts a skipped sample.
 *
 * Concurrency: any thread that owns `owner`; never waits. After `free` or `takenOver` this thread alone writes, until
 * {@link leaveRecord}.
 */
export function enterRecord(region: RecordRegion, base: number, owner: number): Entered {
  const { words } = region;
  const held = compareExchange(words, base + LOCK, 0, owner);
  if (held === 0) {
    region.ops.fence();
    return Entered.free;
  }
  // Its own id: an exception once threw this thread out of a writing.
  if (
    (held === owner || !region.isOwnerAlive(held)) &&
    compareExchange(words, base + LOCK, held, owner) === held
  ) {
    region.ops.fence();
    poke(words, base + TAKEOVERS, (peek(words, base + TAKEOVERS) + 1) | 0);
    return Entered.takenOver;
  }
  add(words, base + SKIPPED, 1);
  return Entered.busy;
}

/** Publishes what was written and gives the lock back. Concurrency: the holder of the lock. */
export function leaveRecord(region: RecordRegion, base: number): void {
  const { words } = region;
  poke(words, base + VERSION, (peek(words, base + VERSION) + 1) | 0);
  store(words, base + LOCK, 0);
}

/** Takes the lock whoever holds it. Concurrency: while no other thread can record here, dead ones excepted. */
export function seizeRecord(region: RecordRegion, base: number, owner: number): void {
  exchange(region.words, base + LOCK, owner);
  region.ops.fence();
}

/** Whether the record is held by a dead owner. Concurrency: any thread. */
export function isAbandoned(region: RecordRegion, base: number): boolean {
  const held = load(region.words, base + LOCK);
  return held !== 0 && !region.isOwnerAlive(held);
}

/**
 * Copies the record into `target`: all its words are of one moment, or the answer is false and they are worthless.
 *
 * Concurrency: any thread, writes nothing, tries `attempts` times and never waits: false while a writer stands still
 * in the middle (or died there and is not repaired).
 */
export function copyRecord(
  region: RecordRegion,
  base: number,
  target: Int32Array<ArrayBuffer>,
  attempts: number,
): boolean {
  const { words } = region;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (attempt > 0) pause();
    const version = load(words, base + VERSION);
    if (load(words, base + LOCK) !== 0) continue;
    for (let i = 0; i < target.length; i++) target[i] = peek(words, base + i);
    region.ops.fence();
    if (load(words, base + LOCK) === 0 && load(words, base + VERSION) === version) return true;
  }
  return false;
}
