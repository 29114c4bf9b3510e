import { type Crossing, TunnelClientTable } from "@udp-relay/tunnel-client";
import type { Backend } from "./backend.ts";
import { DEFAULT_LOSS_PER_MILLE, type HealthChange, type HealthOptions } from "./backend-health.ts";

/** Backends at once, those included that are leaving and still have sessions. */
export const MAX_BACKENDS = 1_024;
/** Of a score: a point for each millisecond of round trip, and two for each packet in 1,000 that is lost. */
const WEIGHTS = { bandwidth: 0, latency: 1, loss: 2, age: 0 };
/** Intervals after which a loss that nothing measures any more is forgotten: new sessions are what would tell. */
const FORGET_INTERVALS = 10;
/** The longest there is: a backend leaves with its configuration, not by silence. */
const TIMEOUT_MS = 2 ** 30;

interface Entry {
  readonly backend: Backend;
  handle: number;
  unmeasured: number;
}

/**
 * What is measured of the backends' paths, as clients of a table: the table's priority is a backend's score, and its
 * watch tells which path has become slow or lossy, and which is well again. One thread.
 */
export class BackendScores {
  readonly #table = TunnelClientTable.create({
    capacity: MAX_BACKENDS,
    timeoutMs: TIMEOUT_MS,
    weights: WEIGHTS,
    workers: 1,
  });
  readonly #entries = new Map<Backend, Entry>();
  readonly #onChange: (backend: Backend, change: HealthChange) => void;

  /** @throws TunnelClientError ERR_TUNNEL_CLIENT_OPTION for thresholds that are none */
  constructor(health: HealthOptions, onChange: (backend: Backend, change: HealthChange) => void) {
    this.#onChange = onChange;
    const { lossPerMille = DEFAULT_LOSS_PER_MILLE, rttMs } = health;
    try {
      this.#table.watch({ lossPerMille, latencyMs: rttMs }, this.#onCrossing);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Once an interval: takes over what was measured, scores each backend, and tells of thresholds that were crossed. */
  interval(backends: readonly Backend[], nowMs: number): void {
    const tick = nowMs >>> 0;
    for (const backend of backends) this.#score(this.#entryOf(backend), tick);
    this.#table.sweep(tick, 2 * MAX_BACKENDS);
  }

  forget(backend: Backend): void {
    const entry = this.#entries.get(backend);
    if (entry === undefined) return;
    this.#entries.delete(backend);
    if (entry.handle >= 0) this.#table.remove(entry.handle);
  }

  close(): void {
    this.#entries.clear();
    this.#table[Symbol.dispose]();
  }

  #entryOf(backend: Backend): Entry {
    const known = this.#entries.get(backend);
    if (known !== undefined) return known;
    const entry = { backend, handle: -1, unmeasured: 0 };
    this.#entries.set(backend, entry);
    return entry;
  }

  #score(entry: Entry, tick: number): void {
    const table = this.#table;
    const { backend } = entry;
    const { rttMs, lossPerMille } = backend;
    const guard = table.enter();
    try {
      let slot = entry.handle < 0 ? -1 : table.resolve(entry.handle);
      if (slot < 0) {
        // One that cannot join, its slot being at rest, does so in the next interval.
        slot = table.joinEndpoint(backend.endpoint, tick);
        if (slot < 0) return;
        entry.handle = table.handle(slot);
      }
      // Keeps it from timing out; its traffic is counted elsewhere.
      table.received(slot, 0, tick);
      if (rttMs !== undefined) table.setLatency(slot, rttMs);
      entry.unmeasured = lossPerMille === undefined ? entry.unmeasured + 1 : 0;
      if (lossPerMille !== undefined) table.setLossPerMille(slot, lossPerMille);
      else if (entry.unmeasured === FORGET_INTERVALS) table.setLossPerMille(slot, 0);
      // Before anything is measured a table says 1,000, which would be a bad path.
      const isMeasured = rttMs !== undefined || lossPerMille !== undefined || backend.score > 0;
      if (isMeasured) backend.score = table.priority(slot, tick);
    } finally {
      guard.leave();
    }
  }

  readonly #onCrossing = ({ metric, state, client }: Crossing): void => {
    for (const { backend, handle } of this.#entries.values()) {
      if (handle !== client.handle) continue;
      const change = backend.health.crossed(metric === "latencyMs" ? "slow" : "lossy", state === "entered");
      if (change !== undefined) this.#onChange(backend, change);
    }
  };
}
