import { BUSY, FULL } from "@udp-relay/sharded-map";

/** The table is full of clients that are neither expired nor unpaired. */
export const JOIN_FULL: -1 = FULL;
/** A thread stands still in the middle of a change that this one needs; nobody waits. Try again with the next datagram. */
export const JOIN_BUSY: -2 = BUSY;
/** Another live client has the endpoint. `rekey` only. */
export const JOIN_EXISTS: -3 = -3;
/** As many clients of the endpoint's prefix are there as `clientsPerPrefix` allows. */
export const JOIN_PREFIX_FULL: -4 = -4;
/** There is room, but every free slot rests: some thread stands still inside a guard. */
export const JOIN_RESTING: -5 = -5;
/** The client is gone. `rekey` and `rebind` only. */
export const JOIN_GONE: -6 = -6;
/** What was given as a sender is no address and port. `fromRinfo` only. */
export const JOIN_NO_ADDRESS: -7 = -7;

const names: Readonly<Record<number, string>> = {
  [JOIN_FULL]: "full",
  [JOIN_BUSY]: "busy",
  [JOIN_EXISTS]: "exists",
  [JOIN_PREFIX_FULL]: "prefix full",
  [JOIN_RESTING]: "resting",
  [JOIN_GONE]: "gone",
  [JOIN_NO_ADDRESS]: "no address",
};

/** "full" for JOIN_FULL, and so on; undefined for a number that is no refusal. */
export function joinRefusalName(code: number): string | undefined {
  return names[code];
}
