import { dropReasonNames, PRIORITY_CLASSES, type TrafficCounts } from "@udp-relay/adapters";
import { MAX_BACKENDS } from "../backend-scores.ts";
import { noCrossings, noDrops, noSessions } from "../proxy-counters.ts";

/** Places for backends: a few more than there may be, for those whose places some worker has not let go of yet. */
export const MAX_PLACES: number = MAX_BACKENDS + 64;

export const dropNames = Object.keys(noDrops()) as (keyof ReturnType<typeof noDrops>)[];
export const countNames = Object.keys(noSessions()) as (keyof ReturnType<typeof noSessions>)[];
export const crossingNames = Object.keys(noCrossings()) as (keyof ReturnType<typeof noCrossings>)[];

/** What a worker publishes of itself: gauges. */
export const Field = {
  sessions: 0,
  /** Of the list of backends that it works with. */
  listVersion: 1,
  fromClients: 2,
  fromBackends: 5,
  callbackErrors: 8,
} as const;

/** Of one direction of all streams, from `fromClients` or `fromBackends` on. */
export const Path = { packets: 0, lost: 1, worstJitterMs: 2 } as const;

/** Of one kind of socket, from `FIRST_LISTEN` or `FIRST_UPSTREAM` on; then queueFull by class, then drops by code. */
export const SocketField: Readonly<Record<keyof TrafficCounts, number>> = {
  receivedDatagrams: 0,
  receivedBytes: 1,
  receivedBatches: 2,
  sentDatagrams: 3,
  sentBytes: 4,
  retriedSends: 5,
  icmpErrors: 6,
};
export const socketFields = Object.keys(SocketField) as (keyof TrafficCounts)[];
export const SOCKET_BUFFER: number = socketFields.length;
export const SOCKET_THROWS: number = SOCKET_BUFFER + 1;
export const SOCKET_CLASSES: number = SOCKET_THROWS + 1;
export const SOCKET_DROPS: number = SOCKET_CLASSES + PRIORITY_CLASSES;
const SOCKET_FIELDS = SOCKET_DROPS + dropReasonNames.length;

export const FIRST_DROP = 9;
export const FIRST_COUNT: number = FIRST_DROP + dropNames.length;
export const FIRST_CROSSING: number = FIRST_COUNT + countNames.length;
export const FIRST_LISTEN: number = FIRST_CROSSING + crossingNames.length;
export const FIRST_UPSTREAM: number = FIRST_LISTEN + SOCKET_FIELDS;
export const FIRST_PLACE: number = FIRST_UPSTREAM + SOCKET_FIELDS;

/** What a worker publishes of one backend. */
export const Place = {
  /** Which backend the place is of; the rest is another's where this is not the expected one. */
  generation: 0,
  sessions: 1,
  sessionsBeyond: 2,
  rttMs: 3,
  sessionsTotal: 4,
  movedAway: 5,
  refused: 6,
  datagramsTo: 7,
  bytesTo: 8,
  datagramsFrom: 9,
  bytesFrom: 10,
  roundTrips: 11,
  streamPackets: 12,
  streamLost: 13,
} as const;
const PLACE_FIELDS = 14;

/** What the supervisor publishes of one backend, in a row of its own. */
export const Verdict = { generation: 0, flags: 1, score: 2 } as const;
export const Flag = { down: 1, degraded: 2, draining: 4, removed: 8 } as const;

/** The first field of a place. */
export function placeField(place: number): number {
  return FIRST_PLACE + place * PLACE_FIELDS;
}

/** How many places fit into so many fields. */
export function placesIn(fields: number): number {
  return (fields - FIRST_PLACE) / PLACE_FIELDS;
}
