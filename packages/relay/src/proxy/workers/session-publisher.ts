import {
  DropReason,
  dropReasonNames,
  PRIORITY_CLASSES,
  type TrafficCounts,
  type TransportStats,
} from "@udp-relay/adapters";
import type { PublishedTotals } from "../../shared/published-totals.ts";
import type { Backend } from "../backend.ts";
import type { ProxiedSessions } from "../proxied-sessions.ts";
import { type PathReport, reportPaths } from "../proxy-report.ts";
import type { MirroredBackends } from "./mirrored-backends.ts";
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
  SOCKET_THROWS,
  SocketField,
} from "./proxy-fields.ts";

/** How old what the sockets have dropped may be. */
const SOCKETS_MS = 250;
/** Streams are summed, and each session's socket asked for the kernel's drops, so often: with many sessions that is work. */
const THOROUGH_MS = 2_000;

/** Sockets of a kind: the clients', or those towards the backends. */
interface PublishedSockets {
  readonly counted: TrafficCounts;
  /** @param asksKernel each socket, for what it had no room for; without it `drops.kernelReceive` is not looked at */
  stats(asksKernel: boolean): TransportStats;
}

export interface PublisherParts {
  readonly totals: PublishedTotals;
  readonly sessions: Pick<ProxiedSessions, "live" | "drops" | "counts" | "crossings" | "changes" | "all">;
  readonly backends: Pick<MirroredBackends, "version" | "backends" | "unpublished" | "counted" | "placeOf">;
  readonly isMeasured: boolean;
  readonly callbackErrors: () => number;
  readonly listening: PublishedSockets;
  readonly upstreams: PublishedSockets;
}

/**
 * Makes readable what a worker has counted, all of one moment: at each of the worker's ticks, and once a millisecond what
 * datagrams change, so that a worker that is killed loses about so much. Counts go on from those of the worker's
 * predecessor. One thread.
 */
export class SessionPublisher {
  readonly #parts: PublisherParts;
  /** What predecessors had counted, by field. */
  readonly #before: Float64Array;
  #changes = -1;
  #publishedTick: number | undefined;
  #owes = false;
  #socketsMs = -Infinity;
  #thoroughMs = -Infinity;

  constructor(parts: PublisherParts) {
    const { totals } = parts;
    this.#parts = parts;
    this.#before = Float64Array.from({ length: totals.fields }, (_, field) => totals.total(field));
  }

  /** Whether turns have passed that are not published: a worker that would wait for long calls `publishTurn` before it. */
  get owes(): boolean {
    return this.#owes;
  }

  /**
   * A turn is over: published at once, unless something was in the same tick already.
   *
   * @param tick of the clock, in ms
   */
  publishTurn(tick: number): void {
    this.#owes = tick === this.#publishedTick;
    if (this.#owes) return;
    this.#publishedTick = tick;
    const { totals, sessions, listening, upstreams } = this.#parts;
    this.#traffic(FIRST_LISTEN, listening.counted);
    this.#traffic(FIRST_UPSTREAM, upstreams.counted);
    const isOther = sessions.changes !== this.#changes;
    this.#touchedBackends(isOther);
    if (isOther) this.#sessions();
    if (totals.hasChanged) totals.publish();
  }

  publish(nowMs: number): void {
    const { totals, sessions, backends, callbackErrors } = this.#parts;
    this.#owes = false;
    totals.set(Field.listVersion, backends.version);
    this.#count(Field.callbackErrors, callbackErrors());
    crossingNames.forEach((name, i) => {
      this.#count(FIRST_CROSSING + i, sessions.crossings[name]);
    });
    this.#sessions();
    for (const backend of backends.backends) backends.counted(backend);
    this.#touchedBackends(true);
    this.#traffic(FIRST_LISTEN, this.#parts.listening.counted);
    this.#traffic(FIRST_UPSTREAM, this.#parts.upstreams.counted);
    if (nowMs - this.#socketsMs >= SOCKETS_MS) this.#look(nowMs);
    totals.publish();
  }

  /** With all sockets and streams, whenever those were last looked at. */
  publishAll(nowMs: number): void {
    this.#socketsMs = -Infinity;
    this.#thoroughMs = -Infinity;
    this.publish(nowMs);
  }

  #sessions(): void {
    const { totals, sessions } = this.#parts;
    this.#changes = sessions.changes;
    totals.set(Field.sessions, sessions.live);
    dropNames.forEach((name, i) => {
      this.#count(FIRST_DROP + i, sessions.drops[name]);
    });
    // Sessions that died with their worker are the supervisor's to count.
    countNames.forEach((name, i) => {
      if (name !== "workerDied") this.#count(FIRST_COUNT + i, sessions.counts[name]);
    });
  }

  #look(nowMs: number): void {
    const { isMeasured, sessions, listening, upstreams } = this.#parts;
    const isThorough = nowMs - this.#thoroughMs >= THOROUGH_MS;
    this.#socketsMs = nowMs;
    this.#sockets(FIRST_LISTEN, listening.stats(true), { outlives: true, asksKernel: true });
    this.#sockets(FIRST_UPSTREAM, upstreams.stats(isThorough), { outlives: false, asksKernel: isThorough });
    if (!isThorough) return;
    this.#thoroughMs = nowMs;
    if (!isMeasured) return;
    const { fromClients, fromBackends } = reportPaths(sessions.all);
    this.#path(Field.fromClients, fromClients);
    this.#path(Field.fromBackends, fromBackends);
  }

  /** By hand: once a turn. */
  #traffic(first: number, counted: TrafficCounts): void {
    this.#count(first + SocketField.receivedDatagrams, counted.receivedDatagrams);
    this.#count(first + SocketField.receivedBytes, counted.receivedBytes);
    this.#count(first + SocketField.receivedBatches, counted.receivedBatches);
    this.#count(first + SocketField.sentDatagrams, counted.sentDatagrams);
    this.#count(first + SocketField.sentBytes, counted.sentBytes);
    this.#count(first + SocketField.retriedSends, counted.retriedSends);
    this.#count(first + SocketField.icmpErrors, counted.icmpErrors);
  }

  /** A socket that outlives the worker says of the kernel's drops, and of dead workers, what was in all its life. */
  #sockets(
    first: number,
    stats: TransportStats,
    { outlives, asksKernel }: { readonly outlives: boolean; readonly asksKernel: boolean },
  ): void {
    const { totals } = this.#parts;
    totals.set(first + SOCKET_BUFFER, stats.receiveBufferBytes);
    this.#count(first + SOCKET_THROWS, stats.callbackThrows);
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

  /** @param isWhole whether more than traffic may have changed */
  #touchedBackends(isWhole: boolean): void {
    const { unpublished } = this.#parts.backends;
    if (unpublished.length === 0) return;
    for (const backend of unpublished) this.#backend(backend, isWhole);
    unpublished.length = 0;
  }

  #backend(backend: Backend, isWhole: boolean): void {
    const { totals, backends } = this.#parts;
    backend.isUnpublished = false;
    const member = backends.placeOf(backend);
    if (member === undefined) return;
    const { place, generation } = member;
    const at = placeField(place);
    if (totals.total(at + Place.generation) !== generation) this.#clear(at, generation);
    const { traffic, streams } = backend;
    this.#count(at + Place.datagramsTo, traffic.datagramsTo);
    this.#count(at + Place.bytesTo, traffic.bytesTo);
    this.#count(at + Place.datagramsFrom, traffic.datagramsFrom);
    this.#count(at + Place.bytesFrom, traffic.bytesFrom);
    if (!isWhole) return;
    totals.set(at + Place.sessions, backend.sessions);
    totals.set(at + Place.sessionsBeyond, backend.sessionsBeyond);
    this.#count(at + Place.sessionsTotal, backend.sessionsTotal);
    this.#count(at + Place.movedAway, backend.movedAway);
    this.#count(at + Place.refused, backend.refused);
    if (streams.roundTrips > 0) totals.set(at + Place.rttMs, backend.rttMs ?? 0);
    this.#count(at + Place.roundTrips, streams.roundTrips);
    this.#count(at + Place.streamPackets, streams.packets);
    this.#count(at + Place.streamLost, streams.lost);
  }

  /** The place was another backend's. */
  #clear(at: number, generation: number): void {
    for (const field of Object.values(Place)) {
      this.#parts.totals.set(at + field, 0);
      this.#before[at + field] = 0;
    }
    this.#parts.totals.set(at + Place.generation, generation);
  }

  #count(field: number, ownCount: number): void {
    this.#parts.totals.set(field, this.#before[field]! + ownCount);
  }
}
