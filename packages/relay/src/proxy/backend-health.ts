import type { Threshold } from "@udp-relay/tunnel-client";

export const DEFAULT_FALL = 2;
const DEFAULT_RISE = 2;
export const DEFAULT_LOSS_PER_MILLE: Threshold = { enter: 50, leave: 20 };

/** When a backend counts as down, up, or too slow or lossy for new sessions. */
export interface HealthOptions {
  /** Failures in a row that take it down. Default 2. */
  readonly fall?: number | undefined;
  /** Successes in a row that bring it back. Default 2. */
  readonly rise?: number | undefined;
  /**
   * New sessions go elsewhere from `enter` on, until it is at most `leave` again, each for `forMs`. The client table's
   * `watch` decides, once a probe's interval (a second without probes). Default 50 and 20 per mille.
   */
  readonly lossPerMille?: Threshold | undefined;
  /** The same for the round trip. Default: no limit. */
  readonly rttMs?: Threshold | undefined;
  /**
   * For the jitter of a session's stream; a path by itself has none. A session's loss and round trip, where a `measurer`
   * reads them off what its backend sends, have the limits above. Default: no limit.
   */
  readonly jitterMs?: Threshold | undefined;
}

/** Of a backend's sessions so many in 1,000 beyond a limit make it the last choice, until they are at most `leave`. */
const STRAINED_PER_MILLE = { enter: 250, leave: 100 };

/** `degraded`: alive, but the last choice for new sessions; `restored`: no longer. */
export type HealthChange = "down" | "up" | "degraded" | "restored";

/** Whether a backend lives, with hysteresis both ways: one lost probe takes nobody down, one answer brings nobody back. */
export class BackendHealth {
  readonly #fall: number;
  readonly #rise: number;
  #down = false;
  #lossy = false;
  #slow = false;
  #strained = false;
  /** Outcomes in a row that speak against the present state. */
  #against = 0;

  constructor(options: HealthOptions = {}) {
    this.#fall = options.fall ?? DEFAULT_FALL;
    this.#rise = options.rise ?? DEFAULT_RISE;
  }

  get isDown(): boolean {
    return this.#down;
  }

  /** Lives, but its path is bad: for new sessions the last choice. */
  get isDegraded(): boolean {
    return this.#lossy || this.#slow || this.#strained;
  }

  /** One outcome. Returns the change that it made, if any. */
  record(success: boolean): HealthChange | undefined {
    if (success !== this.#down) {
      this.#against = 0;
      return undefined;
    }
    this.#against += 1;
    if (this.#against < (this.#down ? this.#rise : this.#fall)) return undefined;
    this.#against = 0;
    this.#down = !this.#down;
    return this.#down ? "down" : "up";
  }

  /** A threshold of the path was crossed, or is left. Returns the change that it made, if any. */
  crossed(which: "slow" | "lossy", entered: boolean): HealthChange | undefined {
    const before = this.isDegraded;
    if (which === "slow") this.#slow = entered;
    else this.#lossy = entered;
    return this.#changeFrom(before);
  }

  /** So many of its sessions are beyond a limit. Returns the change that it made, if any. */
  strain(beyond: number, sessions: number): HealthChange | undefined {
    const before = this.isDegraded;
    const perMille = sessions === 0 ? 0 : (1_000 * beyond) / sessions;
    this.#strained =
      perMille >= STRAINED_PER_MILLE.enter || (this.#strained && perMille > STRAINED_PER_MILLE.leave);
    return this.#changeFrom(before);
  }

  /** What another thread has found. */
  mirror(down: boolean, degraded: boolean): void {
    this.#down = down;
    this.#lossy = degraded;
  }

  #changeFrom(before: boolean): HealthChange | undefined {
    if (this.isDegraded === before) return undefined;
    return before ? "restored" : "degraded";
  }
}
