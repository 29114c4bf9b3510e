import { attachRegion, createRegion, type Region, type RegionHandle } from "@udp-relay/atomics-layout";
import { AmplificationBudget } from "../limits/amplification-budget.ts";
import { TokenBuckets } from "../limits/token-buckets.ts";
import { COUNTER_FIELDS } from "../tunnel/counter-fields.ts";
import { RelayControl } from "./relay-control.ts";
import { SharedEchoLog } from "./shared-echo-log.ts";
import { WorkerTotals } from "./worker-totals.ts";

/** What one relay's threads share beside its client table. */
export interface RelayMemoryOptions {
  /** Threads that relay, 1..64. */
  readonly workers: number;
  /** Slots of the client table. */
  readonly slots: number;
  /** Address prefixes whose pings are remembered at once; rounded up to a power of two. */
  readonly pingPrefixes?: number | undefined;
  /** Pairs of clients that are near their cap at once; rounded up to a power of two. */
  readonly pairs?: number | undefined;
  /** Whether round trips are measured: 136 bytes a slot. */
  readonly echoes?: boolean | undefined;
}

const NAME = "udp-relay relay";
/** Changes whenever the meaning of the bytes does. */
const LAYOUT = 1;
const DEFAULT_PING_PREFIXES = 65_536;
/** 512 KiB: of 3,000 pairs that talk at once, two relays in a million refuse any for want of a place in its line. */
const DEFAULT_PAIRS = 65_536;

/**
 * The relay's own shared memory: control words, limits that all workers agree on, and each worker's totals.
 *
 * Concurrency: one object a thread, made by `create` in the supervisor and by `attach` in every worker.
 */
export class RelayMemory {
  readonly region: Region;
  readonly workers: number;
  readonly control: RelayControl;
  readonly pings: TokenBuckets;
  readonly pairs: TokenBuckets;
  readonly budget: AmplificationBudget;
  readonly echoes: SharedEchoLog | undefined;

  static create(options: RelayMemoryOptions): RelayMemory {
    const { workers, slots, pingPrefixes = DEFAULT_PING_PREFIXES, pairs = DEFAULT_PAIRS } = options;
    return new RelayMemory(
      createRegion({
        name: NAME,
        hash: LAYOUT,
        capacity: slots,
        parameters: [workers],
        sections: [
          RelayControl.section(),
          WorkerTotals.section(workers, COUNTER_FIELDS),
          TokenBuckets.section("pings", pingPrefixes),
          TokenBuckets.section("pairs", pairs),
          AmplificationBudget.section(slots),
          SharedEchoLog.section(options.echoes === true ? slots : 0),
        ],
      }),
    );
  }

  /** @throws LayoutError if the handle is none, or another version's */
  static attach(handle: RegionHandle): RelayMemory {
    return new RelayMemory(attachRegion(handle, { name: NAME, hash: LAYOUT }));
  }

  private constructor(region: Region) {
    this.region = region;
    this.workers = region.parameters[0]!;
    this.control = new RelayControl(region);
    this.pings = new TokenBuckets(region, "pings");
    this.pairs = new TokenBuckets(region, "pairs");
    this.budget = new AmplificationBudget(region);
    this.echoes = SharedEchoLog.of(region);
  }

  get shared(): RegionHandle {
    return this.region.shared;
  }

  /** The totals of worker `index`. Its writer is that worker, or the supervisor once it is gone. */
  totals(index: number): WorkerTotals {
    return new WorkerTotals(this.region, index, COUNTER_FIELDS);
  }
}
