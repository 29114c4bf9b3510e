import { endpointFromWords } from "@udp-relay/address-validation";
import type { ClientSnapshot } from "../src/client-snapshot.ts";
import { prepareExpiry, publishExpiry, writeExpiry } from "../src/expiry-queue.ts";
import type { TableMemory } from "../src/table-memory.ts";
import { attachUser, memoryOf, type TinyTable, type User } from "./tiny-table.ts";

/** What a thread needs of a table to use its expiry queue, and a handle of its client. */
export interface Queue {
  readonly memory: TableMemory;
  readonly handle: number;
}

export const attachQueue = (shared: TinyTable): Queue => queueOf(attachUser(shared));
export const queueOf = ({ table, handle }: User | TinyTable): Queue => ({ memory: memoryOf(table), handle });

/** No two fields alike, and none of them zero: what is left out, or in another's place, shows. */
export const last: ClientSnapshot = {
  handle: 0,
  id: 0xf000_0001,
  endpoint: endpointFromWords(0xfe80_0003 | 0, 5, 7, 9, 1_009, 11),
  packetsReceived: 2 ** 33 + 13,
  bytesReceived: 2 ** 41 + 17,
  packetsSent: 2 ** 34 + 19,
  bytesSent: 2 ** 42 + 23,
  bytesPerSecondIn: 29,
  bytesPerSecondOut: 31,
  latencyMs: 37,
  lossPerMille: 41,
  jitterMs: 43,
  priority: 47,
  isSlow: true,
  isTimedOut: true,
  idleMs: 53,
  ageMs: 59,
};

/** The client is gone: its entry is for anybody to tell of. */
export function expire({ memory, handle }: Queue): number {
  const entry = prepareExpiry(memory, handle);
  if (entry < 0) return entry;
  writeExpiry(memory, entry, last, "evicted");
  publishExpiry(memory, entry, 0);
  return entry;
}

/** State and owner of each entry. */
export function entries({ memory }: Pick<Queue, "memory">): [state: number, owner: number][] {
  const { byteOffset } = memory.region.section("expiries");
  return Array.from({ length: memory.settings.expiryQueue }, (_, entry) => {
    const state = memory.ops.loadPair(byteOffset + entry * 128);
    return [state, memory.ops.pairHigh()];
  });
}

/** States of an entry. */
export const FREE = 0;
export const PREPARED = 1;
export const READY = 2;
export const DELIVERING = 3;
export const CLAIMED = 4;
