import type { BurstReporter } from "@udp-relay/adapters";
import type { Clock } from "@udp-relay/clock";
import type { TunnelClientTable } from "@udp-relay/tunnel-client";
import type { Datagram, Measurement, Protocol } from "../protocol/protocol.ts";
import type { SharedEchoLog } from "../shared/shared-echo-log.ts";

/** A method of a `Protocol` that may throw. */
export type ProtocolMethod = "read" | "measure";

/**
 * Feeds what a protocol measures into the clients' quality records: loss and jitter of the path from a client by
 * its sequence numbers and stamps, the round trip to it by the time since the relay forwarded the stamp that it
 * echoes. A protocol that throws while measuring measures nothing, and that is told; the datagram goes its way.
 */
export class PathMeasurer {
  readonly #protocol: Protocol;
  readonly #clients: TunnelClientTable;
  readonly #clock: Clock;
  readonly #echoes: SharedEchoLog;
  readonly #errors: BurstReporter<ProtocolMethod>;
  readonly #measured: Measurement = { sequence: 0, sentAt: -1, echoOf: -1 };
  #stamp = -1;

  constructor(
    protocol: Protocol,
    clients: TunnelClientTable,
    clock: Clock,
    echoes: SharedEchoLog,
    errors: BurstReporter<ProtocolMethod>,
  ) {
    this.#protocol = protocol;
    this.#clients = clients;
    this.#clock = clock;
    this.#echoes = echoes;
    this.#errors = errors;
  }

  /** The slot has a new client. */
  joined(slot: number): void {
    this.#echoes.forget(slot);
  }

  /** A datagram of the client in `slot` came in, and has waited so long since. */
  received(slot: number, datagram: Datagram, waitedMicros: number): void {
    const measured = this.#measured;
    this.#stamp = -1;
    try {
      if (this.#protocol.measure?.(datagram, measured) !== true) return;
    } catch (error) {
      this.#errors.report(error, "measure");
      return;
    }
    const arrivalMs = this.#clock.nowMs() - waitedMicros / 1000;
    const quality = this.#clients.quality(slot);
    if (measured.sentAt < 0) quality.recordSequence(measured.sequence, arrivalMs);
    else {
      quality.recordSequence(measured.sequence, arrivalMs, measured.sentAt);
      this.#stamp = measured.sentAt;
    }
    if (measured.echoOf < 0) return;
    const rttMs = this.#echoes.echoed(slot, measured.echoOf, (arrivalMs * 1000) >>> 0);
    if (rttMs >= 0) quality.recordRtt(rttMs);
  }

  /** That datagram went on to the client in `slot`. */
  forwarded(slot: number): void {
    if (this.#stamp >= 0) this.#echoes.forwarded(slot, this.#stamp, (this.#clock.nowMs() * 1000) >>> 0);
  }
}

/**
 * Copies what was measured into the clients' records, where it is read and makes their priority.
 *
 * Concurrency: any thread; one of all is enough.
 */
export function publishMeasurements(clients: TunnelClientTable): void {
  clients.forEach((slot) => {
    const readings = clients.quality(slot).read();
    if (readings === undefined) return;
    const { lossPerMille, jitterMs, rttMs } = readings;
    if (lossPerMille !== undefined) clients.setLossPerMille(slot, lossPerMille);
    if (jitterMs !== undefined) clients.setJitter(slot, jitterMs);
    if (rttMs !== undefined) clients.setLatency(slot, rttMs);
  });
}
