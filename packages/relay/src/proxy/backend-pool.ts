import { TunnelClientError } from "@udp-relay/tunnel-client";
import { RelayError } from "../relay-error.ts";
import { Backend, type BackendSpec } from "./backend.ts";
import type { HealthChange, HealthOptions } from "./backend-health.ts";
import { BackendRoster } from "./backend-roster.ts";
import { BackendScores } from "./backend-scores.ts";
import { chooseBackend, type SessionBackends } from "./backend-choice.ts";
import type { CallbackErrors } from "./callback-errors.ts";
import { PassiveWatch } from "./passive-watch.ts";
import { Probe, type ProbeOptions } from "./probe.ts";
import type { OpenUpstream } from "./upstream.ts";

/** Health is judged by what passes at this interval when there are no probes. */
const PASSIVE_INTERVAL_MS = 1_000;

export interface BackendPoolOptions {
  /** How backends are asked whether they live. Without it only refusals (ICMP) take one down. */
  readonly probe?: ProbeOptions | undefined;
  /** When a backend counts as down, up, or too slow or lossy for new sessions. */
  readonly health?: HealthOptions | undefined;
  /** Told once of each change. What it throws is caught and counted. */
  readonly onHealth?: ((backend: Backend, change: HealthChange) => void) | undefined;
}

/** What looks after one backend. */
interface Care {
  readonly probe: Probe | undefined;
  readonly passive: PassiveWatch;
}

/** The backends: which one a new session goes to, and how each of them is. */
export class BackendPool implements SessionBackends {
  readonly #options: BackendPoolOptions;
  readonly #errors: CallbackErrors;
  readonly #open: OpenUpstream;
  readonly #nowMs: () => number;
  readonly #intervalMs: number;
  readonly #scores: BackendScores;
  readonly #roster: BackendRoster;
  readonly #cares = new Map<Backend, Care>();
  #lastTickMs: number;
  #nextIntervalMs: number;

  /** @throws RelayError ERR_RELAY_CONFIG */
  constructor(
    specs: readonly BackendSpec[],
    options: BackendPoolOptions,
    errors: CallbackErrors,
    open: OpenUpstream,
    nowMs: () => number,
  ) {
    this.#options = options;
    this.#errors = errors;
    this.#open = open;
    this.#nowMs = nowMs;
    this.#intervalMs = options.probe?.intervalMs ?? PASSIVE_INTERVAL_MS;
    this.#lastTickMs = nowMs();
    this.#nextIntervalMs = this.#lastTickMs + this.#intervalMs;
    this.#roster = new BackendRoster((spec) => new Backend(spec, options.health ?? {}));
    this.#scores = scoresOf(options.health ?? {}, (backend, change) => {
      this.#tell(backend, change);
    });
    try {
      this.replace(specs);
    } catch (error) {
      this.#scores.close();
      throw error;
    }
  }

  /** All of them, those that are leaving included. */
  get backends(): readonly Backend[] {
    return this.#roster.backends;
  }

  /** The one for a new session. @param besides one that is not to be chosen */
  choose(besides?: Backend): Backend | undefined {
    return chooseBackend(this.backends, besides);
  }

  /**
   * Takes another list. Backends in both keep their sessions, health and counters; one that is missing takes no new
   * session and is forgotten with its last one.
   *
   * @throws RelayError ERR_RELAY_CONFIG, and nothing has changed
   */
  replace(specs: readonly BackendSpec[]): void {
    this.#roster.replace(specs);
    for (const backend of this.backends) {
      if (!this.#cares.has(backend)) this.#cares.set(backend, this.#careFor(backend));
    }
    this.#forgetRemoved();
  }

  /** No new session for the backend of that `address:port`, or new ones again; false if there is none. */
  drain(name: string, draining: boolean): boolean {
    const backend = this.backends.find((other) => other.name === name);
    if (backend !== undefined) backend.draining = draining;
    return backend !== undefined;
  }

  /** Time has passed: probes are sent and judged, paths compared with their thresholds. */
  tick(nowMs: number): void {
    const { probe } = this.#options;
    const timeoutMs = probe?.timeoutMs ?? this.#intervalMs / 2;
    // A thread that slept has answers that it has not read yet.
    const stalled = nowMs - this.#lastTickMs >= timeoutMs;
    this.#lastTickMs = nowMs;
    for (const { probe: active } of this.#cares.values()) active?.tick(nowMs, stalled);
    if (nowMs < this.#nextIntervalMs) return;
    this.#nextIntervalMs = nowMs + this.#intervalMs;
    for (const [backend, { probe: active, passive }] of this.#cares) {
      const outcome = passive.interval();
      if (active === undefined && outcome !== undefined) this.#record(backend, outcome);
    }
    this.#scores.interval(this.backends, nowMs);
    for (const backend of this.backends) {
      this.#tell(backend, backend.health.strain(backend.sessionsBeyond, backend.sessions));
      backend.fade();
    }
    this.#forgetRemoved();
  }

  close(): void {
    for (const { probe } of this.#cares.values()) probe?.close();
    this.#cares.clear();
    this.#roster.clear();
    this.#scores.close();
  }

  #careFor(backend: Backend): Care {
    const options = this.#options.probe;
    const probe =
      options === undefined
        ? undefined
        : new Probe(backend, options, this.#open, this.#nowMs, (outcome) => {
            this.#record(backend, outcome === "answered");
          });
    return { probe, passive: new PassiveWatch(backend) };
  }

  #record(backend: Backend, success: boolean): void {
    this.#tell(backend, backend.health.record(success));
  }

  #tell(backend: Backend, change: HealthChange | undefined): void {
    if (change === undefined) return;
    try {
      this.#options.onHealth?.(backend, change);
    } catch (error) {
      this.#errors.add(error);
    }
  }

  #forgetRemoved(): void {
    for (const backend of this.#roster.forget()) {
      this.#cares.get(backend)?.probe?.close();
      this.#cares.delete(backend);
      this.#scores.forget(backend);
    }
  }
}

function scoresOf(
  health: HealthOptions,
  onChange: (backend: Backend, change: HealthChange) => void,
): BackendScores {
  try {
    return new BackendScores(health, onChange);
  } catch (error) {
    if (!(error instanceof TunnelClientError)) throw error;
    throw new RelayError("ERR_RELAY_CONFIG", `health: ${error.message}`, { cause: error });
  }
}
