import { endpointsEqual } from "@udp-relay/address-validation";
import { RelayError } from "../../relay-error.ts";
import type { Backend, BackendSpec } from "../backend.ts";
import type { BackendPool } from "../backend-pool.ts";
import { PublishedTotals } from "../../shared/published-totals.ts";
import type { WorkerTotals } from "../../shared/worker-totals.ts";
import { Field, Flag, Place, placeField, placesIn, Verdict } from "./proxy-fields.ts";
import type { ProxyMemory } from "./proxy-memory.ts";
import type { BackendList } from "./proxy-messages.ts";

interface PlacedMember {
  readonly place: number;
  readonly generation: number;
  readonly backend: Backend;
  /** By worker: what of its streams the backend was told. */
  readonly told: { roundTrips: number; packets: number; lost: number }[];
}

export interface PlacedBackendsParts {
  readonly pool: Pick<BackendPool, "backends" | "replace">;
  readonly memory: ProxyMemory;
  /** There is another list for the workers. What is to be known of its backends can be read already. */
  readonly tell: (list: BackendList) => void;
}

/**
 * The backends' places in the shared rows. A backend that is removed keeps its place until every worker has let go of
 * it, and its place is another's only when every worker knows that. One thread, the supervisor's.
 *
 * What every worker has heard of is the least list version of their rows, a dead worker's included: its successor starts
 * with the newest list, and says so.
 */
export class PlacedBackends {
  readonly #pool: PlacedBackendsParts["pool"];
  readonly #tell: PlacedBackendsParts["tell"];
  readonly #verdicts: PublishedTotals;
  readonly #workers: readonly WorkerTotals[];
  readonly #places: number;
  /** What each worker has published, as of the last `collect`. */
  readonly rows: readonly Float64Array[];
  #members: readonly PlacedMember[] = [];
  #retired: { readonly place: number; readonly version: number }[] = [];
  #generation = 0;
  #version = 0;

  constructor({ pool, memory, tell }: PlacedBackendsParts) {
    const { workers, verdicts } = memory;
    this.#pool = pool;
    this.#tell = tell;
    this.#verdicts = new PublishedTotals(verdicts);
    this.#workers = Array.from({ length: workers }, (_, index) => memory.totals(index));
    this.#places = placesIn(verdicts.fields);
    this.rows = this.#workers.map(() => new Float64Array(verdicts.fields));
    this.#renew();
    this.publish();
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
    if (this.#members.length + this.#retired.length + added > this.#places)
      throw new RelayError("ERR_RELAY_CONFIG", "too many backends that are gone have sessions still");
    // A worker that has not heard yet may begin sessions with one that is removed now.
    for (const { backend } of this.#members) backend.held = true;
    this.#pool.replace(specs);
    this.#change();
  }

  /** Takes over what the workers have published. */
  collect(): void {
    const fields = placeField(1 + Math.max(-1, ...this.#members.map(({ place }) => place)));
    this.#workers.forEach((worker, index) => worker.read(this.rows[index]!.subarray(0, fields)));
    for (const member of this.#members) collectOf(member, this.rows);
  }

  /** Lets go of what every worker has let go of, as far as it is collected, and publishes. */
  settle(): void {
    const heard = Math.min(...this.rows.map((row) => row[Field.listVersion]!));
    this.#retired = this.#retired.filter(({ version }) => version > heard);
    if (heard >= this.#version) for (const { backend } of this.#members) backend.held = false;
    if (this.#members.every(({ backend }) => this.#pool.backends.includes(backend))) this.publish();
    else this.#change();
  }

  /** What has been found of the backends, for the workers to read. */
  publish(): void {
    const verdicts = this.#verdicts;
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

  #change(): void {
    this.#version += 1;
    this.#renew();
    // A worker that hears of the list reads what is published, and would give sessions to what it finds nothing of.
    this.publish();
    this.#tell(this.list);
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
