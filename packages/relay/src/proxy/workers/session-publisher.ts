import { DropReason, dropReasonNames, PRIORITY_CLASSES, type TransportStats } from "@udp-relay/adapters";
import type { PublishedTotals } from "../../shared/published-totals.ts";
import type { ProxiedSessions } from "../proxied-sessions.ts";
import { type PathReport, reportPaths } from "../proxy-report.ts";
import type { MirroredBackend, MirroredBackends } from "./mirrored-backends.ts";
import {
  countNames,
  crossingNames,
  dropNames,
  Field,
  FIRST_COUNT,
  FIRST_CROSSING,
  FIRST_DROP,
  FIRST_LISTEN,
  FIRST_UPSTREAM,
  Path,
  Place,
  placeField,
  SOCKET_BUFFER,
  SOCKET_CLASSES,
  SOCKET_DROPS,
  socketFields,
} from "./proxy-fields.ts";

/** How old what the sockets have counted may be. */
const SOCKETS_MS = 250;
/** Streams are summed, and each session's socket asked for the kernel's drops, so often: with many sessions that is work. */
const THOROUGH_MS = 2_000;

export interface PublisherParts {
  readonly totals: PublishedTotals;
  readonly sessions: ProxiedSessions;
  readonly backends: MirroredBackends;
  readonly isMeasured: boolean;
  readonly callbackErrors: () => number;
  readonly transportStats: () => TransportStats;
  /** @param asksKernel each socket, for what it had no room for; without it `drops.kernelReceive` is not looked at */
  readonly upstreamStats: (asksKernel: boolean) => TransportStats;
}

/**
 * Makes readable what a worker has counted: at each tick, all of one moment. Counts go on from those of the worker's
 * predecessor. One thread.
 */
export class SessionPublisher {
  readonly #parts: PublisherParts;
  /** What predecessors had counted, by field. */
  readonly #before = new Map<number, number>();
  #socketsMs = -Infinity;
  #thoroughMs = -Infinity;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  publish(nowMs: number): void {
    const { totals, sessions, backends, callbackErrors } = this.#parts;
    totals.set(Field.sessions, sessions.live);
    totals.set(Field.listVersion, backends.version);
    this.#count(Field.callbackErrors, callbackErrors());
    dropNames.forEach((name, i) => {
      this.#count(FIRST_DROP + i, sessions.drops[name]);
    });
    // Sessions that died with their worker are the supervisor's to count.
    countNames.forEach((name, i) => {
      if (name !== "workerDied") this.#count(FIRST_COUNT + i, sessions.counts[name]);
    });
    crossingNames.forEach((name, i) => {
      this.#count(FIRST_CROSSING + i, sessions.crossings[name]);
    });
    for (const member of backends.members) this.#backend(member);
    if (nowMs - this.#socketsMs >= SOCKETS_MS) this.#look(nowMs);
    totals.publish();
  }

  /** With all sockets and streams, whenever those were last looked at. */
  publishAll(nowMs: number): void {
    this.#socketsMs = -Infinity;
    this.#thoroughMs = -Infinity;
    this.publish(nowMs);
  }

  #look(nowMs: number): void {
    const { isMeasured, sessions, transportStats, upstreamStats } = this.#parts;
    const isThorough = nowMs - this.#thoroughMs >= THOROUGH_MS;
    this.#socketsMs = nowMs;
    this.#sockets(FIRST_LISTEN, transportStats(), { outlives: true, asksKernel: true });
    this.#sockets(FIRST_UPSTREAM, upstreamStats(isThorough), { outlives: false, asksKernel: isThorough });
    if (!isThorough) return;
    this.#thoroughMs = nowMs;
    if (!isMeasured) return;
    const { fromClients, fromBackends } = reportPaths(sessions.all);
    this.#path(Field.fromClients, fromClients);
    this.#path(Field.fromBackends, fromBackends);
  }

  /** A socket that outlives the worker says of the kernel's drops, and of dead workers, what was in all its life. */
  #sockets(
    first: number,
    stats: TransportStats,
    { outlives, asksKernel }: { readonly outlives: boolean; readonly asksKernel: boolean },
  ): void {
    const { totals } = this.#parts;
    socketFields.forEach((name, i) => {
      this.#count(first + i, stats[name]);
    });
    totals.set(first + SOCKET_BUFFER, stats.receiveBufferBytes);
    for (let i = 0; i < PRIORITY_CLASSES; i++) {
      this.#count(first + SOCKET_CLASSES + i, stats.queueFullByClass[i] ?? 0);
    }
    dropReasonNames.forEach((name, code) => {
      if (name === undefined || (code === DropReason.kernelReceive && !asksKernel)) return;
      const field = first + SOCKET_DROPS + code;
      const isLasting = code === DropReason.kernelReceive || code === DropReason.workerDied;
      if (outlives && isLasting) totals.set(field, stats.drops[name] ?? 0);
      else this.#count(field, stats.drops[name] ?? 0);
    });
  }

  #path(first: number, { packets, lost, worstJitterMs }: PathReport): void {
    const { totals } = this.#parts;
    totals.set(first + Path.packets, packets);
    totals.set(first + Path.lost, lost);
    totals.set(first + Path.worstJitterMs, worstJitterMs ?? -1);
  }

  #backend({ place, generation, backend }: MirroredBackend): void {
    const { totals } = this.#parts;
    const at = placeField(place);
    if (totals.total(at + Place.generation) !== generation) this.#clear(at, generation);
    totals.set(at + Place.sessions, backend.sessions);
    totals.set(at + Place.sessionsBeyond, backend.sessionsBeyond);
    const { traffic, streams } = backend;
    this.#count(at + Place.sessionsTotal, backend.sessionsTotal);
    this.#count(at + Place.movedAway, backend.movedAway);
    this.#count(at + Place.refused, backend.refused);
    this.#count(at + Place.datagramsTo, traffic.datagramsTo);
    this.#count(at + Place.bytesTo, traffic.bytesTo);
    this.#count(at + Place.datagramsFrom, traffic.datagramsFrom);
    this.#count(at + Place.bytesFrom, traffic.bytesFrom);
    if (streams.roundTrips > 0) totals.set(at + Place.rttMs, backend.rttMs ?? 0);
    this.#count(at + Place.roundTrips, streams.roundTrips);
    this.#count(at + Place.streamPackets, streams.packets);
    this.#count(at + Place.streamLost, streams.lost);
  }

  /** The place was another backend's. */
  #clear(at: number, generation: number): void {
    for (const field of Object.values(Place)) {
      this.#parts.totals.set(at + field, 0);
      this.#before.set(at + field, 0);
    }
    this.#parts.totals.set(at + Place.generation, generation);
  }

  #count(field: number, ownCount: number): void {
    const { totals } = this.#parts;
    let before = this.#before.get(field);
    if (before === undefined) this.#before.set(field, (before = totals.total(field)));
    totals.set(field, before + ownCount);
  }
}
