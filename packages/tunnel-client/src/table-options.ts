import type { Clock } from "@udp-relay/clock";
import type { Patience, ShardedMapOptions } from "@udp-relay/sharded-map";
import type { QualityOptions } from "@udp-relay/quality-analyzer";
import type { PriorityWeights } from "./priority-score.ts";

/** How a table is made. All of it is fixed for the table's life and the same in every thread. */
export interface TunnelClientTableOptions extends TunnelClientTableThreadOptions {
  /** Clients at most, 1 to 16 million; holds exactly. */
  readonly capacity: number;
  /** A client that has sent nothing for this long has timed out, 8..2^30 ms. */
  readonly timeoutMs: number;
  /** What names a client: where it sends from (the default), or a u32 of the protocol's. */
  readonly key?: "u32" | "endpoint";
  /** Time constant of the rates, 16 ms to an hour; 5,000 ms by default. The half-life is 0.693 times as much. */
  readonly timeConstantMs?: number;
  /** `isSlow` below this many bytes a second, both directions together; 100,000 by default. */
  readonly slowBytesPerSecond?: number;
  readonly weights?: Partial<PriorityWeights>;
  /** Clients at most from one prefix: one IPv4 address, or one IPv6 /64. Unlimited by default. */
  readonly clientsPerPrefix?: number;
  /** How much of an IPv6 address is a prefix, in bits, 1..128; 64 by default. IPv4 addresses count whole. */
  readonly prefixBits6?: number;
  /** A quality record a client (512 bytes), with these options; none by default. */
  readonly quality?: boolean | QualityOptions;
  /** Expired clients that wait in shared memory for a thread with a callback, 1..65,536; 256 by default. */
  readonly expiryQueue?: number;
  /** Threads that use the table at once, for the spare slots; see `ShardedMapOptions`. */
  readonly workers?: number;
  readonly batch?: number;
  readonly shards?: number;
  /** Threads that can be attached at once take two of these each; 128 by default. */
  readonly owners?: number;
}

/** How one thread uses a table. */
export interface TunnelClientTableThreadOptions {
  /**
   * With it the table beats by itself, each eighth of the timeout, as long as this thread's event loop runs, and clamps
   * packets stamped in the future as they come. Give it in every thread that receives.
   */
  readonly clock?: Clock;
  /** Told of what a callback of yours threw, once for each batch of deliveries; by default a process warning. */
  readonly onError?: (error: unknown, thrown: number) => void;
  readonly onLongGuard?: ShardedMapOptions["onLongGuard"];
  readonly patience?: Patience;
}
