import { endpointFromWords, type Endpoint } from "@udp-relay/address-validation";
import { namesOfRegion, type NamedRange } from "@udp-relay/model-check";
import {
  TunnelClientTable,
  type TunnelClientTableHandle,
  type TunnelClientTableOptions,
} from "../src/index.ts";
import type { TableMemory } from "../src/table-memory.ts";

export const TIME_CONSTANT_MS = 64;
/** A fold interval of such a table: one tick. */
export const TIMEOUT_MS = 8;

/** Who gives up at once: waiting would only multiply the states. */
const patience = { lockSpins: 1, restSpins: 1 };

export const endpoint = (host: number): Endpoint => endpointFromWords(0, 0, 0xffff, host, 1_000 + host);

/** What `setup` leaves: the table, and a handle of its client 1. */
export interface TinyTable {
  readonly table: TunnelClientTable;
  readonly handle: number;
}

export function tinyTable(
  options: Partial<TunnelClientTableOptions> = {},
  prepare: (table: TunnelClientTable, slot: number) => void = () => {},
): TinyTable {
  const table = TunnelClientTable.create({
    capacity: 2,
    timeoutMs: TIMEOUT_MS,
    timeConstantMs: TIME_CONSTANT_MS,
    key: "u32",
    shards: 1,
    workers: 1,
    batch: 1,
    owners: 12,
    expiryQueue: 2,
    patience,
    ...options,
  });
  const guard = table.enter();
  const slot = table.join(1, endpoint(1), 0);
  const handle = table.handle(slot);
  prepare(table, slot);
  guard.leave();
  return { table, handle };
}

/** A thread's own table. */
export interface User {
  readonly table: TunnelClientTable;
  readonly handle: number;
  readonly shared: TunnelClientTableHandle;
}

export function attachUser({ table, handle }: TinyTable): User {
  return { table: TunnelClientTable.attach(table.shared, { patience }), handle, shared: table.shared };
}

/**
 * Declares the death of the thread that was killed, and repairs after it, as `superviseWorker` does. Every thread claims
 * the same number of entries, in the order of the threads; the one that set the table up was first.
 */
export function repairAfter({ table }: User, killed: string): void {
  const number = Number(killed.at(-1));
  const { region } = table;
  for (const { id, index } of region.owners()) {
    if (Math.floor(index / 2) === number) region.declareDead(id);
  }
  region.repairDead(memoryOf(table).owner);
}

export function memoryOf(table: TunnelClientTable): TableMemory {
  return (table as unknown as { memory: TableMemory }).memory;
}

export function names({ table }: TinyTable): readonly NamedRange[] {
  return namesOfRegion(table.region, { records: 192, metrics: 48, expiries: 128 });
}

/** Two owners that had the same entry, one after the other. */
export interface Successors extends TinyTable {
  readonly earlier: number;
  readonly later: number;
}

/** Neither was noted yet. Epochs stand above the index of 8 bits. */
export function successors(): Successors {
  const shared = tinyTable();
  const earlier = attachUser(shared).table.ownerId;
  shared.table.region.declareDead(earlier);
  return { ...shared, earlier, later: earlier + 0x100 };
}

/** Counts one datagram of 100 bytes; says so, for the end to know what is certain. */
export const receive =
  (tick: number) =>
  ({ table, handle }: User): string => {
    const guard = table.enter();
    table.received(table.resolve(handle), 100, tick);
    guard.leave();
    return "received";
  };
