import type { Clock } from "@udp-relay/clock";
import type { Patience, ShardedMapOptions } from "@udp-relay/sharded-map";
import type { QualityOptions } from "@udp-relay/quality-analyzer";
import type { PriorityWeightOptions } from "./priority-score.ts";

/** How a table is made. All of it is fixed for the table's life and the same in every thread. */
export interface TunnelClientTableOptions extends TunnelClientTableThreadOptions {
  /** Clients at most, 1 to 16 million; holds exactly. */
  readonly capacity: number;
  /** A client that has sent nothing for this long has timed out, 8..2^30 ms. */
  readonly timeoutMs: number;
  /** What names a client: where it sends from (the default), or a u32 of the protocol's. */
  readonly key?: "u32" | "endpoint" | undefined;
  /** Time constant of the rates, 16 ms to an hour; 5,000 ms by default. The half-life is 0.693 times as much. */
  readonly timeConstantMs?: number | undefined;
  /** `isSlow` below this many bytes a second, both directions together; 100,000 by default. */
  readonly slowBytesPerSecond?: number | undefined;
  /** What each term of the priority counts; 1 each by default, which is the crate's score. */
  readonly weights?: PriorityWeightOptions | undefined;
  /** Clients at most from one prefix: one IPv4 address, or one IPv6 /64. Unlimited by default. */
  readonly clientsPerPrefix?: number | undefined;
  /** How much of an IPv6 address is a prefix, in bits, 1..128; 64 by default. IPv4 addresses count whole. */
  readonly prefixBits6?: number | undefined;
  /** A quality record a client (512 bytes), with these options; none by default. */
  readonly quality?: boolean | QualityOptions | undefined;
  /** Expired clients that wait in shared memory for a thread with a callback, 1..65,536; 256 by default. */
  readonly expiryQueue?: number | undefined;
  /** Threads that use the table at once, for the spare slots; by default the CPUs, at least 4. */
  readonly workers?: number | undefined;
  /** Clients that one thread removes within one guard, for the spare slots; 64 by default. */
  readonly batch?: number | undefined;
  /** Segments that are locked, rebuilt and counted apart: a power of two, 1 to 256; see `ShardedMapOptions`. */
  readonly shards?: number | undefined;
  /** Owner entries, of which each attached thread takes two, 1 to 256; 128 by default: 64 threads. */
  readonly owners?: number | undefined;
}

/** How one thread uses a table. */
export interface TunnelClientTableThreadOptions {
  /**
   * With it the table beats by itself, each eighth of the timeout, as long as this thread's event loop runs, and clamps
   * packets stamped in the future as they come. Give it in every thread that receives.
   */
  readonly clock?: Clock | undefined;
  /** Told of what a callback of yours threw, once for each batch of deliveries; by default a process warning. */
  readonly onError?: ((error: unknown, thrown: number) => void) | undefined;
  /** Told by `sweep` of a thread that has been in one guard for more than 100 ms. */
  readonly onLongGuard?: ShardedMapOptions["onLongGuard"] | undefined;
  /** How long writers spin before they are refused with JOIN_BUSY or JOIN_RESTING. */
  readonly patience?: Patience | undefined;
}
