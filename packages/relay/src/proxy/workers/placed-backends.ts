import { endpointsEqual } from "@udp-relay/address-validation";
import { RelayError } from "../../relay-error.ts";
import type { Backend, BackendSpec } from "../backend.ts";
import type { BackendPool } from "../backend-pool.ts";
import type { PublishedTotals } from "../../shared/published-totals.ts";
import { Field, Flag, MAX_PLACES, Place, placeField, Verdict } from "./proxy-fields.ts";
import type { BackendList } from "./proxy-messages.ts";

interface PlacedMember {
  readonly place: number;
  readonly generation: number;
  readonly backend: Backend;
  /** By worker: what of its streams the backend was told. */
  readonly told: { roundTrips: number; packets: number; lost: number }[];
}

/**
 * The backends' places in the shared rows. A backend that is removed keeps its place until every worker has let go of
 * it, and its place is another's only when every worker knows that. One thread, the supervisor's.
 */
export class PlacedBackends {
  readonly #pool: BackendPool;
  #members: readonly PlacedMember[] = [];
  #retired: { readonly place: number; readonly version: number }[] = [];
  #generation = 0;
  #version = 0;

  constructor(pool: BackendPool) {
    this.#pool = pool;
    this.#renew();
  }

  get list(): BackendList {
    return {
      version: this.#version,
      backends: this.#members.map(({ place, generation, backend: { endpoint, weight } }) => ({
        place,
        generation,
        spec: { endpoint, weight },
      })),
    };
  }

  /**
   * Another list of backends.
   *
   * @throws RelayError ERR_RELAY_CONFIG, and nothing has changed
   */
  replace(specs: readonly BackendSpec[]): void {
    const isKnown = ({ endpoint }: BackendSpec): boolean =>
      this.#members.some(({ backend }) => endpointsEqual(backend.endpoint, endpoint));
    const added = specs.filter((spec) => !isKnown(spec)).length;
    if (this.#members.length + this.#retired.length + added > MAX_PLACES)
      throw new RelayError("ERR_RELAY_CONFIG", "too many backends that are gone have sessions still");
    // A worker that has not heard yet may begin sessions with one that is removed now.
    for (const { backend } of this.#members) backend.held = true;
    this.#pool.replace(specs);
    this.#version += 1;
    this.#renew();
  }

  /** Takes over what the workers have published, a row each. */
  collect(rows: readonly Float64Array[]): void {
    for (const member of this.#members) collectOf(member, rows);
  }

  /**
   * Lets go of what every worker has let go of.
   *
   * @returns whether the list is another
   */
  settle(rows: readonly Float64Array[]): boolean {
    const seen = Math.min(...rows.map((row) => row[Field.listVersion]!));
    this.#retired = this.#retired.filter(({ version }) => version > seen);
    if (seen >= this.#version) for (const { backend } of this.#members) backend.held = false;
    const isForgotten = this.#members.some(({ backend }) => !this.#pool.backends.includes(backend));
    if (!isForgotten) return false;
    this.#version += 1;
    this.#renew();
    return true;
  }

  /** What has been found of the backends, for the workers to read. */
  publish(verdicts: PublishedTotals): void {
    for (const { place, generation, backend } of this.#members) {
      const at = placeField(place);
      const { health, draining, removed } = backend;
      verdicts.set(at + Verdict.generation, generation);
      verdicts.set(at + Verdict.score, backend.score);
      const flags =
        (health.isDown ? Flag.down : 0) |
        (health.isDegraded ? Flag.degraded : 0) |
        (draining ? Flag.draining : 0) |
        (removed ? Flag.removed : 0);
      verdicts.set(at + Verdict.flags, flags);
    }
    verdicts.publish();
  }

  /** Fields of the rows that are in use. */
  get fields(): number {
    return placeField(1 + Math.max(-1, ...this.#members.map(({ place }) => place)));
  }

  /** Members are what the pool has. */
  #renew(): void {
    const { backends } = this.#pool;
    const leaving = this.#members.filter(({ backend }) => !backends.includes(backend));
    for (const { place } of leaving) this.#retired.push({ place, version: this.#version });
    const taken = new Set(this.#retired.map(({ place }) => place));
    const kept = this.#members.filter(({ backend }) => backends.includes(backend));
    for (const { place } of kept) taken.add(place);
    const added = backends
      .filter((backend) => !kept.some((member) => member.backend === backend))
      .map((backend) => {
        let place = 0;
        while (taken.has(place)) place += 1;
        taken.add(place);
        this.#generation += 1;
        return { place, generation: this.#generation, backend, told: [] };
      });
    this.#members = [...kept, ...added];
  }
}

function collectOf({ place, generation, backend, told }: PlacedMember, rows: readonly Float64Array[]): void {
  const at = placeField(place);
  const own = rows.filter((row) => row[at + Place.generation] === generation);
  const sum = (field: number): number => own.reduce((total, row) => total + row[at + field]!, 0);
  backend.sessions = sum(Place.sessions);
  backend.sessionsBeyond = sum(Place.sessionsBeyond);
  backend.sessionsTotal = sum(Place.sessionsTotal);
  backend.movedAway = sum(Place.movedAway);
  backend.refused = sum(Place.refused);
  const { traffic } = backend;
  traffic.datagramsTo = sum(Place.datagramsTo);
  traffic.bytesTo = sum(Place.bytesTo);
  traffic.datagramsFrom = sum(Place.datagramsFrom);
  traffic.bytesFrom = sum(Place.bytesFrom);
  rows.forEach((row, worker) => {
    if (row[at + Place.generation] !== generation) return;
    const before = (told[worker] ??= { roundTrips: 0, packets: 0, lost: 0 });
    const roundTrips = row[at + Place.roundTrips]!;
    const packets = row[at + Place.streamPackets]!;
    const lost = row[at + Place.streamLost]!;
    if (roundTrips > before.roundTrips) backend.recordRtt(row[at + Place.rttMs]!);
    if (packets !== before.packets || lost !== before.lost)
      backend.recordStreams(Math.max(0, packets - before.packets), lost - before.lost);
    told[worker] = { roundTrips, packets, lost };
  });
}
