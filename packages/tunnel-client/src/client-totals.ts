import { add, compareExchange, load, store } from "@udp-relay/atomics-layout/memory";
import {
  BASE_BYTES_0,
  BASE_BYTES_1_IN,
  BASE_BYTES_1_OUT,
  BASE_PACKETS_0,
  BASE_PACKETS_1,
  RESET,
  START_0,
  START_1,
  VERSION,
} from "./client-record.ts";
import { type PacketCount, readCount } from "./packed-count.ts";
import { resetRate } from "./rate-estimator.ts";
import { metricsOf, receiveLine, sendLine } from "./table-memory.ts";
import type { TableMemory } from "./table-memory.ts";

/*
 * Counters only ever grow: a total is the counter minus its value at the last reset, the baseline. There are two copies of
 * the baseline; RESET says which one holds, and who is writing the other:
 *
 *     RESET   claimant's owner id (30 bits) | copy (1)        0 or 1 while nobody resets
 */

/** What a client received and sent since it joined, or since its last reset. */
export interface ClientTotals {
  packetsReceived: number;
  bytesReceived: number;
  packetsSent: number;
  bytesSent: number;
  /** The tick of the join, or of the last reset. */
  startTick: number;
}

const ATTEMPTS = 4;

// One object of each thread: filled and read at once.
const counted: PacketCount = { packets: 0, bytes: 0 };

/**
 * Reads all totals: each is exact, packets and bytes of one direction are of one moment.
 *
 * Concurrency: in a guard; the words that choose the baseline are read again, atomically, after the last. Never waits.
 */
export function readTotals(memory: TableMemory, slot: number, target: ClientTotals): void {
  const { words, ops } = memory;
  const metrics = metricsOf(memory, slot);
  const receive = receiveLine(memory, slot);
  const send = sendLine(memory, slot);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // Atomic: what a reset wrote before it chose this copy is there.
    const copy = load(words, metrics + RESET) & 1;
    // Atomic as all reads here: a plain one may be late, and come after what it is to be older than.
    const version = load(words, metrics + VERSION);
    // Baselines first: a counter read later is never behind its baseline.
    const packetsIn = ops.load64((receive + packetsBase(copy)) * 4);
    const bytesIn = ops.load64(bytesInBase(receive, metrics, copy) * 4);
    const packetsOut = ops.load64((send + packetsBase(copy)) * 4);
    const bytesOut = ops.load64(bytesOutBase(send, metrics, copy) * 4);
    target.startTick = load(words, startAt(send, metrics, copy)) >>> 0;
    readCount(memory, receive, counted);
    target.packetsReceived = counted.packets - packetsIn;
    target.bytesReceived = counted.bytes - bytesIn;
    readCount(memory, send, counted);
    target.packetsSent = counted.packets - packetsOut;
    target.bytesSent = counted.bytes - bytesOut;
    if ((load(words, metrics + RESET) & 1) === copy && load(words, metrics + VERSION) === version) return;
  }
}

/** The tick from which a client's age counts. Concurrency: in a guard; plain reads. */
export function startTick(memory: TableMemory, slot: number): number {
  const metrics = metricsOf(memory, slot);
  return load(
    memory.words,
    startAt(sendLine(memory, slot), metrics, load(memory.words, metrics + RESET) & 1),
  );
}

/**
 * Sets counters, rates and age back to nothing; latency, loss and the last receive stay, as in the crate.
 *
 * @returns false if another thread is resetting this client right now
 *
 * Concurrency: in a guard. The totals fall to 0 in one step; no reader sees a rate that never flowed. Never waits.
 */
export function resetTotals(memory: TableMemory, slot: number, now: number): boolean {
  const { words, ops, ownerId } = memory;
  const metrics = metricsOf(memory, slot);
  const receive = receiveLine(memory, slot);
  const send = sendLine(memory, slot);
  const found = load(words, metrics + RESET);
  const copy = found & 1;
  if (found > 1 && memory.region.isOwnerAlive(found >>> 1)) return false;
  if (compareExchange(words, metrics + RESET, found, (ownerId << 1) | copy) !== found) return false;
  const idle = copy ^ 1;
  readCount(memory, receive, counted);
  ops.store64((receive + packetsBase(idle)) * 4, counted.packets);
  ops.store64(bytesInBase(receive, metrics, idle) * 4, counted.bytes);
  readCount(memory, send, counted);
  ops.store64((send + packetsBase(idle)) * 4, counted.packets);
  ops.store64(bytesOutBase(send, metrics, idle) * 4, counted.bytes);
  store(words, startAt(send, metrics, idle), now);
  resetRate(memory, receive, now);
  resetRate(memory, send, now);
  add(words, metrics + VERSION, 1);
  store(words, metrics + RESET, idle);
  return true;
}

function packetsBase(copy: number): number {
  return copy === 0 ? BASE_PACKETS_0 : BASE_PACKETS_1;
}

function bytesInBase(receive: number, metrics: number, copy: number): number {
  return copy === 0 ? receive + BASE_BYTES_0 : metrics + BASE_BYTES_1_IN;
}

function bytesOutBase(send: number, metrics: number, copy: number): number {
  return copy === 0 ? send + BASE_BYTES_0 : metrics + BASE_BYTES_1_OUT;
}

function startAt(send: number, metrics: number, copy: number): number {
  return copy === 0 ? metrics + START_0 : send + START_1;
}
