import type { Endpoint } from "@udp-relay/address-validation";
import type { ClientSnapshot } from "./client-snapshot.ts";

/** What a view reads through: the table. */
export interface SnapshotSource {
  snapshotOf(handle: number): ClientSnapshot | undefined;
}

/**
 * One client, for as long as it lives: each property is read when asked for, in a guard of its own, so that a timer or an
 * HTTP handler may keep the view. Numbers are NaN, and what may be undefined is undefined, once the client is gone; take
 * `snapshot()` where values must belong together.
 */
export class TunnelClientView {
  readonly handle: number;
  readonly #source: SnapshotSource;

  constructor(source: SnapshotSource, handle: number) {
    this.#source = source;
    this.handle = handle;
  }

  /** Everything at once; undefined once the client is gone. Concurrency: anywhere; never waits. */
  snapshot(): ClientSnapshot | undefined {
    return this.#source.snapshotOf(this.handle);
  }

  get isLive(): boolean {
    return this.snapshot() !== undefined;
  }

  get id(): number | undefined {
    return this.snapshot()?.id;
  }

  get endpoint(): Endpoint | undefined {
    return this.snapshot()?.endpoint;
  }

  get packetsReceived(): number {
    return this.snapshot()?.packetsReceived ?? Number.NaN;
  }

  get bytesReceived(): number {
    return this.snapshot()?.bytesReceived ?? Number.NaN;
  }

  get packetsSent(): number {
    return this.snapshot()?.packetsSent ?? Number.NaN;
  }

  get bytesSent(): number {
    return this.snapshot()?.bytesSent ?? Number.NaN;
  }

  get bytesPerSecondIn(): number {
    return this.snapshot()?.bytesPerSecondIn ?? Number.NaN;
  }

  get bytesPerSecondOut(): number {
    return this.snapshot()?.bytesPerSecondOut ?? Number.NaN;
  }

  get latencyMs(): number | undefined {
    return this.snapshot()?.latencyMs;
  }

  get lossPerMille(): number | undefined {
    return this.snapshot()?.lossPerMille;
  }

  get jitterMs(): number | undefined {
    return this.snapshot()?.jitterMs;
  }

  get priority(): number {
    return this.snapshot()?.priority ?? Number.NaN;
  }

  get isSlow(): boolean {
    return this.snapshot()?.isSlow ?? false;
  }

  get isTimedOut(): boolean {
    return this.snapshot()?.isTimedOut ?? true;
  }

  get idleMs(): number {
    return this.snapshot()?.idleMs ?? Number.NaN;
  }

  get ageMs(): number {
    return this.snapshot()?.ageMs ?? Number.NaN;
  }
}
