import { attachRegion, createRegion, type Region, type RegionHandle } from "@udp-relay/atomics-layout";
import { PrefixRate } from "../../limits/prefix-rate.ts";
import { RelayControl } from "../../shared/relay-control.ts";
import { WorkerTotals } from "../../shared/worker-totals.ts";
import { MAX_PLACES, placeField } from "./proxy-fields.ts";

const NAME = "udp-relay proxy";
/** Changes whenever the meaning of the bytes does. */
const LAYOUT = 2;

/**
 * What a proxy's threads share beside their client table: the operator's words, what each worker counts, in one more row
 * what the supervisor has found of the backends, and what addresses have used of their rates. Every row has one writer,
 * and readers see it whole.
 *
 * Concurrency: one object a thread, made by `create` in the supervisor and by `attach` in every worker.
 */
export class ProxyMemory {
  readonly region: Region;
  readonly workers: number;
  readonly control: RelayControl;
  readonly #fields: number;

  /**
   * @param workers 1..64
   * @param places for backends
   */
  static create(workers: number, places: number = MAX_PLACES): ProxyMemory {
    const fields = placeField(places);
    return new ProxyMemory(
      createRegion({
        name: NAME,
        hash: LAYOUT,
        capacity: 1,
        parameters: [workers, fields],
        sections: [RelayControl.section(), WorkerTotals.section(workers + 1, fields), PrefixRate.section()],
      }),
    );
  }

  /** @throws LayoutError if the handle is none, or another version's */
  static attach(handle: RegionHandle): ProxyMemory {
    return new ProxyMemory(attachRegion(handle, { name: NAME, hash: LAYOUT }));
  }

  private constructor(region: Region) {
    this.region = region;
    this.workers = region.parameters[0]!;
    this.#fields = region.parameters[1]!;
    this.control = new RelayControl(region);
  }

  get shared(): RegionHandle {
    return this.region.shared;
  }

  /** What worker `index` counts. Its writer is that worker, or the supervisor once it is gone. */
  totals(index: number): WorkerTotals {
    return new WorkerTotals(this.region, index, this.#fields);
  }

  /** What the supervisor, its writer, has found of the backends. */
  get verdicts(): WorkerTotals {
    return this.totals(this.workers);
  }
}
