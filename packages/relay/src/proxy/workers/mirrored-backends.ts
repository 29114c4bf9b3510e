import { Backend } from "../backend.ts";
import { chooseBackend, type SessionBackends } from "../backend-choice.ts";
import { Field, Flag, Place, placeField, Verdict } from "./proxy-fields.ts";
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
  readonly #row: Float64Array;
  #members: readonly MirroredBackend[] = [];
  #backends: readonly Backend[] = [];
  #fields = 0;
  version = 0;

  constructor(memory: ProxyMemory, index: number, list: BackendList) {
    this.#memory = memory;
    this.#index = index;
    this.#row = new Float64Array(memory.verdicts.fields);
    this.adopt(list);
  }

  get backends(): readonly Backend[] {
    return this.#backends;
  }

  get members(): readonly MirroredBackend[] {
    return this.#members;
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
    this.#fields = placeField(1 + Math.max(-1, ...backends.map(({ place }) => place)));
    this.look();
  }

  /** Takes over what the others have published. */
  look(): void {
    const row = this.#row.subarray(0, this.#fields);
    this.#memory.verdicts.read(row);
    for (const { place, generation, backend } of this.#members) {
      const at = placeField(place);
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
      this.#memory.totals(index).read(row);
      if (row[Field.sessions] === 0) continue;
      for (const { place, generation, backend } of this.#members) {
        const at = placeField(place);
        if (row[at + Place.generation] === generation) {
          backend.sessionsElsewhere += row[at + Place.sessions]!;
        }
      }
    }
  }
}
