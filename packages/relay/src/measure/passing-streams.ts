import { QualityAnalyzer } from "@udp-relay/quality-analyzer";
import type { Datagram } from "../protocol/protocol.ts";
import { MarkLog } from "./mark-log.ts";
import { StreamMeasurement, type StreamMeasurer } from "./stream-measurer.ts";

/** Streams followed at once in one direction (audio, video, and what a rekeying leaves behind); 1.5 KiB each. */
const MAX_STREAMS = 4;

interface FollowedStream {
  id: number;
  timestampHz: number;
  lastMs: number;
  quality: QualityAnalyzer;
}

/** What is known of the path from one end to here, and of the round trip between here and that end. */
export interface PathReadings {
  /** Of all streams that are followed, weighted by their packets in the window; undefined while there are none. */
  readonly lossPerMille: number | undefined;
  /** The worst stream's. */
  readonly jitterMs: number | undefined;
  readonly rttMs: number | undefined;
  /** Packets of the streams that are followed. */
  readonly packets: number;
  readonly reordered: number;
  readonly duplicates: number;
}

/** Both directions of one proxied session: `fromClient` what comes from the client, `fromBackend` what comes back. */
export class PassingStreams {
  readonly fromClient: Direction;
  readonly fromBackend: Direction;

  constructor(measurer: StreamMeasurer) {
    this.fromClient = new Direction(measurer);
    this.fromBackend = new Direction(measurer);
    this.fromClient.answers = this.fromBackend.marks;
    this.fromBackend.answers = this.fromClient.marks;
  }
}

/** One direction: what arrives here from one end. */
export class Direction {
  readonly marks: MarkLog = new MarkLog();
  /** Marks of the other direction, which this end answers. */
  answers: MarkLog = this.marks;
  readonly #measurer: StreamMeasurer;
  readonly #measured = new StreamMeasurement();
  readonly #streams: FollowedStream[] = [];
  #roundTrips: QualityAnalyzer | undefined;
  #pastPackets = 0;
  #pastLost = 0;

  constructor(measurer: StreamMeasurer) {
    this.#measurer = measurer;
  }

  /**
   * A datagram arrived. Allocates only when a stream begins.
   *
   * @returns the round trip in ms that it told, -1 if none
   */
  received(datagram: Datagram, arrivalMs: number): number {
    const measured = this.#measured;
    if (!this.#measurer.measure(datagram, measured)) return -1;
    if (measured.sequence >= 0) this.#count(measured, arrivalMs);
    if (measured.mark >= 0) this.marks.passed(measured.mark, arrivalMs);
    if (measured.echoOf < 0) return -1;
    const rttMs = this.answers.answered(measured.echoOf, measured.echoDelayMs, arrivalMs);
    if (rttMs >= 0) (this.#roundTrips ??= new QualityAnalyzer()).recordRtt(rttMs);
    return rttMs;
  }

  read(): PathReadings {
    let packets = 0;
    let windowPackets = 0;
    let windowLost = 0;
    let jitterMs: number | undefined;
    let reordered = 0;
    let duplicates = 0;
    for (const { quality } of this.#streams) {
      const { lossWindow, lifetime } = quality;
      packets += lifetime.packets;
      reordered += lifetime.reordered;
      duplicates += lifetime.duplicates;
      windowPackets += lossWindow?.packets ?? 0;
      windowLost += lossWindow?.lost ?? 0;
      if (quality.jitterMs !== undefined) jitterMs = Math.max(jitterMs ?? 0, quality.jitterMs);
    }
    const lossPerMille = windowPackets === 0 ? undefined : (windowLost * 1_000) / windowPackets;
    return { lossPerMille, jitterMs, rttMs: this.#roundTrips?.rttMs, packets, reordered, duplicates };
  }

  /** Packets of all streams so far, and how many of them are missing; those that are no longer followed included. */
  totals(): { packets: number; lost: number } {
    let packets = this.#pastPackets;
    let lost = this.#pastLost;
    for (const { quality } of this.#streams) {
      const { lifetime } = quality;
      packets += lifetime.packets;
      lost += lifetime.lost;
    }
    return { packets, lost };
  }

  #count(measured: StreamMeasurement, arrivalMs: number): void {
    const stream = this.#streamOf(measured, arrivalMs);
    stream.lastMs = arrivalMs;
    // A payload type of another clock within the stream says nothing for its jitter.
    const sentAt = measured.timestampHz === stream.timestampHz ? measured.sentAt : -1;
    if (sentAt < 0) stream.quality.recordSequence(measured.sequence, arrivalMs);
    else stream.quality.recordSequence(measured.sequence, arrivalMs, sentAt);
  }

  #streamOf(measured: StreamMeasurement, nowMs: number): FollowedStream {
    const streams = this.#streams;
    let oldest: FollowedStream | undefined;
    for (const stream of streams) {
      if (stream.id === measured.stream) return stream;
      if (oldest === undefined || stream.lastMs < oldest.lastMs) oldest = stream;
    }
    const { stream: id, timestampHz } = measured;
    const options = { sequenceBits: this.#measurer.sequenceBits };
    const quality = new QualityAnalyzer(timestampHz > 0 ? { ...options, timestampHz } : options);
    const begun = { id, timestampHz, lastMs: nowMs, quality };
    if (oldest === undefined || streams.length < MAX_STREAMS) streams.push(begun);
    else {
      const { packets, lost } = oldest.quality.lifetime;
      this.#pastPackets += packets;
      this.#pastLost += lost;
      streams[streams.indexOf(oldest)] = begun;
    }
    return begun;
  }
}
