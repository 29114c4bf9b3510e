export const DEFAULT_FALL = 2;
const DEFAULT_RISE = 2;

/** When a backend counts as down, up, or too slow or lossy for new sessions. */
export interface HealthOptions {
  /** Failures in a row that take it down. Default 2. */
  readonly fall?: number;
  /** Successes in a row that bring it back. Default 2. */
  readonly rise?: number;
  /** New sessions go elsewhere from `enter` on, until it is at most `leave` again. Default 50 and 20 per mille. */
  readonly lossPerMille?: Hysteresis;
  /** The same for the round trip. Default: no limit. */
  readonly rttMs?: Hysteresis;
}

export interface Hysteresis {
  readonly enter: number;
  readonly leave: number;
}

export type HealthChange = "down" | "up" | "degraded" | "restored";

/** Whether a backend lives, with hysteresis both ways: one lost probe takes nobody down, one answer brings nobody back. */
export class BackendHealth {
  readonly #fall: number;
  readonly #rise: number;
  readonly #loss: Hysteresis;
  readonly #rtt: Hysteresis;
  #down = false;
  #lossy = false;
  #slow = false;
  /** Outcomes in a row that speak against the present state. */
  #against = 0;

  constructor(options: HealthOptions = {}) {
    this.#fall = options.fall ?? DEFAULT_FALL;
    this.#rise = options.rise ?? DEFAULT_RISE;
    this.#loss = options.lossPerMille ?? { enter: 50, leave: 20 };
    this.#rtt = options.rttMs ?? { enter: Infinity, leave: Infinity };
  }

  get isDown(): boolean {
    return this.#down;
  }

  /** Lives, but its path is bad: for new sessions the last choice. */
  get isDegraded(): boolean {
    return this.#lossy || this.#slow;
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

  /** What was measured of the path; undefined leaves things as they are. Returns the change that it made, if any. */
  judge(lossPerMille: number | undefined, rttMs: number | undefined): HealthChange | undefined {
    const before = this.isDegraded;
    this.#lossy = crossed(this.#lossy, lossPerMille, this.#loss);
    this.#slow = crossed(this.#slow, rttMs, this.#rtt);
    if (this.isDegraded === before) return undefined;
    return before ? "restored" : "degraded";
  }
}

function crossed(above: boolean, value: number | undefined, { enter, leave }: Hysteresis): boolean {
  if (value === undefined) return above;
  return above ? value > leave : value >= enter;
}
