import { endpointsEqual } from "@udp-relay/address-validation";
import { RelayError } from "../relay-error.ts";
import type { Backend, BackendSpec } from "./backend.ts";
import { MAX_BACKENDS } from "./backend-scores.ts";

/** Which backends there are: those of the last list, and those missing from it that may still have sessions. One thread. */
export class BackendRoster {
  readonly #make: (spec: BackendSpec) => Backend;
  #backends: readonly Backend[] = [];

  constructor(make: (spec: BackendSpec) => Backend) {
    this.#make = make;
  }

  get backends(): readonly Backend[] {
    return this.#backends;
  }

  /**
   * Takes another list. Backends in both stay what they are; one that is missing takes no new session.
   *
   * @throws RelayError ERR_RELAY_CONFIG, and nothing has changed
   */
  replace(specs: readonly BackendSpec[]): void {
    checkSpecs(specs);
    const specOf = (backend: Backend): BackendSpec | undefined =>
      specs.find(({ endpoint }) => endpointsEqual(endpoint, backend.endpoint));
    const leaving = this.#backends.filter((backend) => specOf(backend) === undefined).length;
    if (specs.length + leaving > MAX_BACKENDS) {
      const words = `${specs.length} backends and ${leaving} whose sessions go on, allowed: ${MAX_BACKENDS}`;
      throw new RelayError("ERR_RELAY_CONFIG", words);
    }
    const before = this.#backends;
    const added = specs.filter(
      ({ endpoint }) => !before.some((backend) => endpointsEqual(backend.endpoint, endpoint)),
    );
    for (const backend of before) {
      const spec = specOf(backend);
      backend.removed = spec === undefined;
      if (spec !== undefined) backend.weight = spec.weight ?? 1;
    }
    this.#backends = [...before, ...added.map((spec) => this.#make(spec))];
  }

  /** Lets go of those that are missing from the list and have no session, nor can get one. Returns them. */
  forget(): readonly Backend[] {
    const isGone = ({ removed, sessions, held }: Backend): boolean => removed && sessions === 0 && !held;
    const gone = this.#backends.filter(isGone);
    if (gone.length > 0) this.#backends = this.#backends.filter((backend) => !isGone(backend));
    return gone;
  }

  clear(): void {
    this.#backends = [];
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
