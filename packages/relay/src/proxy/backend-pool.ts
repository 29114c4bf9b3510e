import { endpointsEqual } from "@udp-relay/address-validation";
import { TunnelClientError } from "@udp-relay/tunnel-client";
import { RelayError } from "../relay-error.ts";
import { Backend, type BackendSpec } from "./backend.ts";
import type { HealthChange, HealthOptions } from "./backend-health.ts";
import { BackendScores, MAX_BACKENDS } from "./backend-scores.ts";
import { chooseBackend, type SessionBackends } from "./backend-choice.ts";
import type { CallbackErrors } from "./callback-errors.ts";
import { PassiveWatch } from "./passive-watch.ts";
import { Probe, type ProbeOptions } from "./probe.ts";
import type { OpenUpstream } from "./upstream.ts";

/** Health is judged by what passes at this interval when there are no probes. */
const PASSIVE_INTERVAL_MS = 1_000;

export interface BackendPoolOptions {
  /** How backends are asked whether they live. Without it only refusals (ICMP) take one down. */
  readonly probe?: ProbeOptions;
  /** When a backend counts as down, up, or too slow or lossy for new sessions. */
  readonly health?: HealthOptions;
  /** Told once of each change. What it throws is caught and counted. */
  readonly onHealth?: (backend: Backend, change: HealthChange) => void;
}

interface Member {
  readonly backend: Backend;
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
  #members: readonly Member[] = [];
  #backends: readonly Backend[] = [];
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
    return this.#backends;
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
    checkSpecs(specs);
    const leaving = this.#members.filter(
      ({ backend }) => !specs.some(({ endpoint }) => endpointsEqual(endpoint, backend.endpoint)),
    );
    if (specs.length + leaving.length > MAX_BACKENDS) {
      const words = `${specs.length} backends and ${leaving.length} whose sessions go on, allowed: ${MAX_BACKENDS}`;
      throw new RelayError("ERR_RELAY_CONFIG", words);
    }
    for (const { backend } of this.#members) {
      const spec = specs.find(({ endpoint }) => endpointsEqual(endpoint, backend.endpoint));
      backend.removed = spec === undefined;
      if (spec !== undefined) backend.weight = spec.weight ?? 1;
    }
    for (const spec of specs) {
      const isKnown = this.#members.some(({ backend }) => endpointsEqual(backend.endpoint, spec.endpoint));
      if (isKnown) continue;
      const member = this.#member(new Backend(spec, this.#options.health ?? {}));
      this.#hold([...this.#members, member]);
    }
    this.#forgetRemoved();
  }

  /** No new session for the backend of that `address:port`, or new ones again; false if there is none. */
  drain(name: string, draining: boolean): boolean {
    const backend = this.#backends.find((other) => other.name === name);
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
    for (const member of this.#members) member.probe?.tick(nowMs, stalled);
    if (nowMs < this.#nextIntervalMs) return;
    this.#nextIntervalMs = nowMs + this.#intervalMs;
    for (const { backend, probe: active, passive } of this.#members) {
      const outcome = passive.interval();
      if (active === undefined && outcome !== undefined) this.#record(backend, outcome);
    }
    this.#scores.interval(this.backends, nowMs);
    for (const { backend } of this.#members) {
      this.#tell(backend, backend.health.strain(backend.sessionsBeyond, backend.sessions));
      backend.fade();
    }
    this.#forgetRemoved();
  }

  close(): void {
    for (const { probe } of this.#members) probe?.close();
    this.#hold([]);
    this.#scores.close();
  }

  #member(backend: Backend): Member {
    const options = this.#options.probe;
    const probe =
      options === undefined
        ? undefined
        : new Probe(backend, options, this.#open, this.#nowMs, (outcome) => {
            this.#record(backend, outcome === "answered");
          });
    return { backend, probe, passive: new PassiveWatch(backend) };
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

  #hold(members: readonly Member[]): void {
    this.#members = members;
    this.#backends = members.map(({ backend }) => backend);
  }

  #forgetRemoved(): void {
    const isGone = ({ backend }: Member): boolean =>
      backend.removed && backend.sessions === 0 && !backend.held;
    const gone = this.#members.filter(isGone);
    if (gone.length === 0) return;
    for (const { backend, probe } of gone) {
      probe?.close();
      this.#scores.forget(backend);
    }
    this.#hold(this.#members.filter((member) => !isGone(member)));
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

function checkSpecs(specs: readonly BackendSpec[]): void {
  if (specs.length === 0) throw new RelayError("ERR_RELAY_CONFIG", "there is no backend: --to names one");
  specs.forEach(({ endpoint, weight = 1 }, i) => {
    if (endpoint.port === 0)
      throw new RelayError("ERR_RELAY_CONFIG", "a backend has port 0, allowed: 1 to 65535");
    if (!(weight >= 0 && weight <= 1_000)) {
      throw new RelayError("ERR_RELAY_CONFIG", `a backend's weight is ${weight}, allowed: 0 to 1000`);
    }
    if (specs.slice(0, i).some((other) => endpointsEqual(other.endpoint, endpoint))) {
      throw new RelayError("ERR_RELAY_CONFIG", "a backend is named twice");
    }
  });
}
