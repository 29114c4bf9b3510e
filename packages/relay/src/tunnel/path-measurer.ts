import type { Clock } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { Datagram, Measurement, Protocol } from "../protocol/protocol.ts";
import { EchoLog } from "./echo-log.ts";

/**
 * Feeds what a protocol measures into the clients' quality records: loss and jitter of the path from a client by
 * its sequence numbers and stamps, the round trip to it by the time since the relay forwarded the stamp that it
 * echoes. A protocol that throws while measuring measures nothing; the datagram goes its way.
 */
export class PathMeasurer {
  readonly #protocol: Protocol;
  readonly #clients: TunnelClientTable;
  readonly #clock: Clock;
  readonly #measured: Measurement = { sequence: 0, sentAt: -1, echoOf: -1 };
  /** By slot; the handle tells a slot's new client from the one before. */
  readonly #echoes: ({ readonly handle: number; readonly log: EchoLog } | undefined)[] = [];
  #stamp = -1;

  constructor(protocol: Protocol, clients: TunnelClientTable, clock: Clock) {
    this.#protocol = protocol;
    this.#clients = clients;
    this.#clock = clock;
  }

  /** A datagram of the client in `slot` came in. */
  received(slot: number, datagram: Datagram): void {
    const measured = this.#measured;
    this.#stamp = -1;
    try {
      if (this.#protocol.measure?.(datagram, measured) !== true) return;
    } catch {
      return;
    }
    const nowMs = this.#clock.nowMs();
    const quality = this.#clients.quality(slot);
    if (measured.sentAt < 0) quality.recordSequence(measured.sequence, nowMs);
    else {
      quality.recordSequence(measured.sequence, nowMs, measured.sentAt);
      this.#stamp = measured.sentAt;
    }
    if (measured.echoOf < 0) return;
    const rttMs = this.#logOf(slot).echoed(measured.echoOf, this.#clock.recentMicros());
    if (rttMs >= 0) quality.recordRtt(rttMs);
  }

  /** That datagram went on to the client in `slot`. */
  forwarded(slot: number): void {
    if (this.#stamp >= 0) this.#logOf(slot).forwarded(this.#stamp, this.#clock.recentMicros());
  }

  /** Copies what was measured into the clients' records, where it is read and makes their priority. */
  publish(): void {
    const clients = this.#clients;
    clients.forEach((slot) => {
      const readings = clients.quality(slot).read();
      if (readings === undefined) return;
      const { lossPerMille, jitterMs, rttMs } = readings;
      if (lossPerMille !== undefined) clients.setLossPerMille(slot, lossPerMille);
      if (jitterMs !== undefined) clients.setJitter(slot, jitterMs);
      if (rttMs !== undefined) clients.setLatency(slot, rttMs);
    });
  }

  #logOf(slot: number): EchoLog {
    const handle = this.#clients.handle(slot);
    const known = this.#echoes[slot];
    if (known?.handle === handle) return known.log;
    const log = new EchoLog();
    this.#echoes[slot] = { handle, log };
    return log;
  }
}
