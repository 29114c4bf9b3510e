import { REASON_CODES, reasonName } from "@udp-relay/address-validation";
import { dropReasonNames } from "@udp-relay/adapters";

/** What is counted beside drops, by its field. */
export const Total = {
  received: 0,
  receivedBytes: 1,
  forwarded: 2,
  forwardedBytes: 3,
  registrations: 4,
  pings: 5,
  commands: 6,
  batches: 7,
  /** Processor time of the worker's thread; stays 0 where the platform does not tell. */
  cpuMicros: 8,
} as const;

/** Why the relay drops a datagram, in this order; the address policy and the transport have reasons of their own. */
export const relayDropReasons = [
  "tooShort",
  "selfAddressed",
  "badPing",
  "badCommand",
  "notStrict",
  "noHeader",
  /** The protocol's `read` threw. */
  "protocolThrew",
  /** The protocol's `read` called no method of the route, or gave a reason that is none. */
  "noVerdict",
  /** A live client's id from another endpoint. */
  "idTaken",
  "tableFull",
  "prefixFull",
  "maintenance",
  /** There is room, but each free slot rests: some thread stands still inside a guard. */
  "resting",
  /** A shard or an endpoint was being changed by another thread. */
  "busy",
  "unknownReceiver",
  /** Ids are allotted, and this one is not. */
  "unknownSender",
  /** The receiver has its id and has sent nothing yet: nobody knows where it is. */
  "unboundReceiver",
  /** Sender and receiver are behind one endpoint: it would come straight back. */
  "sameEndpoint",
  "pingLimit",
  /** One client to one other, above the cap: a loop between relays, or a flood. */
  "pairLimit",
  /** The receiver has never answered, and was sent as much as an unconfirmed address may be. */
  "unconfirmed",
  "commandRefused",
  /** The transport did not take it; its own drop reasons say why. */
  "notSent",
  /** The batch in a worker's hands when it died. */
  "workerDied",
] as const;

/** Why the relay itself drops a datagram. */
export type RelayDropReason = (typeof relayDropReasons)[number];

const FIRST_DROP = Object.keys(Total).length;
const FIRST_ADDRESS = FIRST_DROP + relayDropReasons.length;
const FIRST_TRANSPORT = FIRST_ADDRESS + REASON_CODES;

/** Numbers that a worker counts. */
export const COUNTER_FIELDS: number = FIRST_TRANSPORT + dropReasonNames.length;

const dropIndex = new Map(relayDropReasons.map((reason, index) => [reason, FIRST_DROP + index]));

const NO_VERDICT = dropIndex.get("noVerdict")!;

/** A reason that is none, as a protocol without types may give it, is `noVerdict`: each datagram is accounted for. */
export function dropField(reason: RelayDropReason): number {
  return dropIndex.get(reason) ?? NO_VERDICT;
}

/** @param code of the address policy, 1..127 */
export function addressField(code: number): number {
  return FIRST_ADDRESS + code;
}

/** @param code of a transport's reason, 1.. */
export function transportField(code: number): number {
  return FIRST_TRANSPORT + code;
}

/** The relay's drops by name, those that never happened left out; the policy's reasons are prefixed with `address:`. */
export function namedDrops(totals: Float64Array): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const reason of relayDropReasons) put(drops, reason, totals[dropField(reason)]!);
  for (let code = 0; code < REASON_CODES; code++) {
    put(drops, `address:${reasonName(code)}`, totals[addressField(code)]!);
  }
  return drops;
}

/** What the transport dropped, before the relay saw it or after it let it go. */
export function namedSocketDrops(totals: Float64Array): Record<string, number> {
  const drops: Record<string, number> = {};
  dropReasonNames.forEach((name, code) => {
    if (name !== undefined) put(drops, name, totals[transportField(code)]!);
  });
  return drops;
}

function put(drops: Record<string, number>, name: string, count: number): void {
  if (count > 0) drops[name] = (drops[name] ?? 0) + count;
}
