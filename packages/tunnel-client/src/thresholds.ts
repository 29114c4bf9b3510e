import type { ClientSnapshot } from "./client-snapshot.ts";
import { requireNumber, TunnelClientError } from "./tunnel-client-error.ts";
import { sinceMs } from "./tick-distance.ts";

/** What can be watched. */
export type WatchedMetric =
  | "lossPerMille"
  | "latencyMs"
  | "jitterMs"
  | "bytesPerSecondIn"
  | "bytesPerSecondOut"
  | "priority"
  | "idleMs";

/**
 * A threshold with hysteresis. With `enter` above `leave` large values are what is watched for, with `enter` below `leave`
 * small ones; between the two nothing changes.
 */
export interface Threshold {
  readonly enter: number;
  readonly leave: number;
  /** The value must stay beyond `enter`, or `leave`, from one sweep to another for so long; 0 by default. */
  readonly forMs?: number | undefined;
}

type CompleteThreshold = Threshold & { readonly forMs: number };

/** What `watch` looks at. */
export type Thresholds = Readonly<Partial<Record<WatchedMetric, Threshold | undefined>>>;

/** A client crossed a threshold. */
export interface Crossing {
  readonly metric: WatchedMetric;
  readonly state: "entered" | "left";
  readonly value: number;
  readonly client: ClientSnapshot;
}

const METRICS: readonly WatchedMetric[] = [
  "lossPerMille",
  "latencyMs",
  "jitterMs",
  "bytesPerSecondIn",
  "bytesPerSecondOut",
  "priority",
  "idleMs",
];

/** One metric of one client. */
interface Progress {
  entered: boolean;
  /** The tick since which the value has been beyond the threshold that comes next. */
  since: number | undefined;
}

/** One client, as one watch knows it. */
export interface WatchState {
  readonly handle: number;
  readonly progress: readonly Progress[];
}

/** One call of `watch`: its thresholds, and what it has seen of each client. */
export class Watch {
  readonly #metrics: readonly (readonly [WatchedMetric, CompleteThreshold])[];
  readonly #states: (WatchState | undefined)[] = [];
  readonly callback: (crossing: Crossing) => void;

  /** @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION */
  constructor(thresholds: Thresholds, callback: (crossing: Crossing) => void) {
    this.callback = callback;
    for (const name of Object.keys(thresholds)) {
      if (METRICS.includes(name as WatchedMetric)) continue;
      throw new TunnelClientError("ERR_TUNNEL_CLIENT_OPTION", `nothing called "${name}" can be watched`);
    }
    this.#metrics = METRICS.flatMap((metric) => {
      const threshold = thresholds[metric];
      if (threshold === undefined) return [];
      const enter = requireNumber(`${metric}.enter`, threshold.enter, 0, 1e15);
      const leave = requireNumber(`${metric}.leave`, threshold.leave, 0, 1e15);
      const forMs = requireNumber(`${metric}.forMs`, threshold.forMs ?? 0, 0, 2 ** 30);
      if (enter === leave) {
        throw new TunnelClientError("ERR_TUNNEL_CLIENT_OPTION", `${metric}: enter and leave are the same`);
      }
      return [[metric, { enter, leave, forMs }] as const];
    });
  }

  /** Looks at a client; returns what it crossed, nothing in the usual case. The slot names it among the living. */
  look(slot: number, snapshot: ClientSnapshot, tick: number): Crossing[] {
    const crossings: Crossing[] = [];
    const { progress } = this.#stateOf(slot, snapshot.handle);
    this.#metrics.forEach(([metric, threshold], i) => {
      const value = snapshot[metric];
      if (value === undefined) return;
      if (!advance(progress[i]!, threshold, value, tick)) return;
      const state = progress[i]!.entered ? "entered" : "left";
      crossings.push({ metric, state, value, client: snapshot });
    });
    return crossings;
  }

  #stateOf(slot: number, handle: number): WatchState {
    const known = this.#states[slot];
    if (known?.handle === handle) return known;
    while (this.#states.length <= slot) this.#states.push(undefined);
    const progress = this.#metrics.map((): Progress => ({ entered: false, since: undefined }));
    const state = { handle, progress };
    this.#states[slot] = state;
    return state;
  }
}

/** Returns whether the state changed. */
function advance(progress: Progress, threshold: CompleteThreshold, value: number, tick: number): boolean {
  const { enter, leave, forMs } = threshold;
  const high = enter > leave;
  const beyond = progress.entered
    ? high
      ? value <= leave
      : value >= leave
    : high
      ? value >= enter
      : value <= enter;
  if (!beyond) {
    progress.since = undefined;
    return false;
  }
  progress.since ??= tick;
  if (sinceMs(tick, progress.since) < forMs) return false;
  progress.entered = !progress.entered;
  progress.since = undefined;
  return true;
}
