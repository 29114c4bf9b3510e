import type { EndpointWords } from "@udp-relay/sharded-map";
import { readEndpoint } from "./endpoint-copies.ts";
import type { TableMemory } from "./table-memory.ts";

/** What decides which members are true: the clients, by their slots. */
export interface Membership {
  /** Slots are below this. */
  readonly slots: number;
  /** Of the client that has the slot, or had it last; may be old. */
  handle(slot: number): number;
  /** -1 unless the handle's client lives: one atomic read. */
  resolve(handle: number): number;
  /** Only asked for a live client. */
  endpoint(slot: number): EndpointWords;
}

/** As a table knows its clients. */
export function membershipOf(memory: TableMemory): Membership {
  const { map, settings } = memory;
  return {
    slots: settings.slots,
    handle: (slot) => map.handle(slot),
    resolve: (handle) => map.resolve(handle),
    endpoint: (slot) => readEndpoint(memory, slot),
  };
}
