import { peek } from "@udp-relay/atomics-layout/memory";
import { COUNT, HALVES } from "./client-record.ts";
import type { TableMemory } from "./table-memory.ts";

/*
 * Packets and bytes of one direction, counted by one addition: a locked one costs more than all else that a datagram does
 * to its client's line, and two threads that count the same client take the line from each other once instead of twice.
 *
 *     COUNT    64 bits: bytes * 2^24 + packets, modulo 2^64
 *     HALVES   how often the packets have filled half of their 24 bits (first word), and what stands above them half of
 *              its 40 (second word)                                      only grows; changed by CAS from the value read
 *
 * Either part goes on beyond its bits: the top bit of each says whether its half is an odd one, so that HALVES may be one
 * behind. Whoever's addition changed such a bit brings HALVES up to date, and so does whoever counts the first datagram of
 * a tick: a killed one's is made up for long before the next is due. (Two of them in one tick are 2^23 datagrams.)
 * Packets carry into the bytes: what stands above is the bytes and the packets / 2^24.
 */

const PACKET_MASK = 0x7f_ffff;
const PACKETS_A_HALF = 2 ** 23;
const UPPER_A_HALF = 2 ** 39;

/** What one direction has counted since the client joined. */
export interface PacketCount {
  packets: number;
  bytes: number;
}

const ATTEMPTS = 4;

/**
 * Both of one moment, exact up to 2^53.
 *
 * A processor may have read the count before HALVES, though the program does after: it is of the half before then. Instead
 * of a fence, which would double the time of a snapshot, the bit below the top one tells: a count that HALVES is ahead of is
 * at the end of its half, and one that HALVES is behind of at the beginning.
 *
 * Concurrency: in a guard; atomic reads, the first again last. Never waits.
 */
export function readCount(memory: TableMemory, line: number, target: PacketCount): void {
  const { ops } = memory;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const packetHalves = ops.loadPair((line + HALVES) * 4);
    const upperHalves = ops.pairHigh();
    const low = ops.loadPair((line + COUNT) * 4);
    const high = ops.pairHigh();
    const packets = halfOf(packetHalves, low >>> 22) * PACKETS_A_HALF + (low & PACKET_MASK);
    const upper = halfOf(upperHalves, high >>> 30) * UPPER_A_HALF + (high & 0x7fff_ffff) * 256 + (low >>> 24);
    target.packets = packets;
    target.bytes = upper - Math.floor(packets / (2 * PACKETS_A_HALF));
    // Else so much was counted meanwhile that it is not known of which half the count is.
    if (ops.loadPair((line + HALVES) * 4) === packetHalves && ops.pairHigh() === upperHalves) return;
  }
}

/** Whether nothing was ever counted. Concurrency: any thread; atomic reads. */
export function isUncounted({ ops }: TableMemory, line: number): boolean {
  return ops.load64((line + COUNT) * 4) === 0 && ops.load64((line + HALVES) * 4) === 0;
}

/**
 * The bytes modulo 2^32, for differences: one too many for each 2^24 packets between the two.
 *
 * Concurrency: any thread; one atomic read.
 */
export function bytesModulo(memory: TableMemory, line: number): number {
  const low = memory.ops.loadPair((line + COUNT) * 4);
  return (low >>> 24) | (memory.ops.pairHigh() << 8);
}

/** Brings HALVES up to date if it is behind. Concurrency: any thread, after its addition; plain reads where it is not. */
export function keepHalves(memory: TableMemory, line: number): void {
  const { words } = memory;
  const packets = (peek(words, line + COUNT) >>> 23) ^ peek(words, line + HALVES);
  const upper = (peek(words, line + COUNT + 1) >>> 31) ^ peek(words, line + HALVES + 1);
  if (((packets | upper) & 1) !== 0) advanceHalves(memory, line);
}

function advanceHalves(memory: TableMemory, line: number): void {
  const { ops } = memory;
  // The count is not older than HALVES: of the half that it says, or of the next.
  ops.fence();
  // Where it fails another thread has done it, or has done the other part of it.
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const packetHalves = ops.loadPair((line + HALVES) * 4);
    const upperHalves = ops.pairHigh();
    const low = ops.loadPair((line + COUNT) * 4);
    const packets = (packetHalves ^ (low >>> 23)) & 1;
    const upper = (upperHalves ^ (ops.pairHigh() >>> 31)) & 1;
    if ((packets | upper) === 0) return;
    const [packetsNow, upperNow] = [packetHalves + packets, upperHalves + upper];
    if (ops.casPair((line + HALVES) * 4, packetHalves, upperHalves, packetsNow, upperNow) === 1) return;
  }
}

/** The half that a count is of. `top` ends with its two top bits. */
function halfOf(halves: number, top: number): number {
  const other = (halves ^ (top >>> 1)) & 1;
  return (halves + ((top & 1) === 0 ? other : -other)) >>> 0;
}
