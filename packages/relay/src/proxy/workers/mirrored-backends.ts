import { Backend } from "../backend.ts";
import { chooseBackend, type SessionBackends } from "../backend-choice.ts";
import { FIRST_PLACE, Flag, Place, placeField, Verdict } from "./proxy-fields.ts";
import type { BackendList, PlacedBackend } from "./proxy-messages.ts";
import type { ProxyMemory } from "./proxy-memory.ts";

/** A backend, and where it stands in the shared rows. */
export interface MirroredBackend extends PlacedBackend {
  readonly backend: Backend;
}

/**
 * The backends as one worker sees them: its own sessions and counters, and of the rest what the supervisor and the other
 * workers have published. One thread.
 */
export class MirroredBackends implements SessionBackends {
  readonly #memory: ProxyMemory;
  readonly #index: number;
  /** Of one row at a time: the places. */
  readonly #row: Float64Array;
  #members: readonly MirroredBackend[] = [];
  #backends: readonly Backend[] = [];
  readonly #places = new Map<Backend, MirroredBackend>();
  #fields = 0;
  version = 0;
  /** Those of which something was counted since they were published last. */
  readonly unpublished: Backend[] = [];

  constructor(memory: ProxyMemory, index: number, list: BackendList) {
    this.#memory = memory;
    this.#index = index;
    this.#row = new Float64Array(memory.verdicts.fields - FIRST_PLACE);
    this.adopt(list);
  }

  get backends(): readonly Backend[] {
    return this.#backends;
  }

  get members(): readonly MirroredBackend[] {
    return this.#members;
  }

  /** Something was counted of a backend. */
  readonly counted = (backend: Backend): void => {
    if (backend.isUnpublished) return;
    backend.isUnpublished = true;
    this.unpublished.push(backend);
  };

  /** Where it stands; undefined once it is in no list any more. */
  placeOf(backend: Backend): MirroredBackend | undefined {
    return this.#places.get(backend);
  }

  choose(besides?: Backend): Backend | undefined {
    return chooseBackend(this.#backends, besides);
  }

  /** Another list: backends in both keep their sessions and counters. */
  adopt({ version, backends }: BackendList): void {
    this.version = version;
    this.#members = backends.map((placed) => {
      const known = this.#members.find(({ generation }) => generation === placed.generation);
      const backend = known?.backend ?? new Backend(placed.spec, {});
      backend.weight = placed.spec.weight ?? 1;
      return { ...placed, backend };
    });
    this.#backends = this.#members.map(({ backend }) => backend);
    this.#places.clear();
    for (const member of this.#members) this.#places.set(member.backend, member);
    this.#fields = placeField(1 + Math.max(-1, ...backends.map(({ place }) => place))) - FIRST_PLACE;
    this.look();
  }

  /** Takes over what the others have published. */
  look(): void {
    const row = this.#row.subarray(0, this.#fields);
    this.#memory.verdicts.read(row, FIRST_PLACE);
    for (const { place, generation, backend } of this.#members) {
      const at = placeField(place) - FIRST_PLACE;
      const isKnown = row[at + Verdict.generation] === generation;
      const flags = isKnown ? row[at + Verdict.flags]! : 0;
      backend.health.mirror((flags & Flag.down) !== 0, (flags & Flag.degraded) !== 0);
      backend.draining = (flags & Flag.draining) !== 0;
      backend.removed = (flags & Flag.removed) !== 0;
      if (isKnown) backend.score = row[at + Verdict.score]!;
      backend.sessionsElsewhere = 0;
    }
    for (let index = 0; index < this.#memory.workers; index++) {
      if (index === this.#index) continue;
      this.#memory.totals(index).read(row, FIRST_PLACE);
      for (const { place, generation, backend } of this.#members) {
        const at = placeField(place) - FIRST_PLACE;
        if (row[at + Place.generation] === generation) {
          backend.sessionsElsewhere += row[at + Place.sessions]!;
        }
      }
    }
  }
}
