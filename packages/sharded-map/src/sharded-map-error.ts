/** What was misused. Stable: programs may compare it. */
export type ShardedMapErrorCode =
  /** An option is missing, contradicts another or is out of its range; the message names it. */
  | "ERR_SHARDED_MAP_OPTION"
  /** The map's keys are endpoints and a u32 was given, or the other way round. */
  | "ERR_SHARDED_MAP_KEY_KIND"
  /** A new key, or one to remove or rename, is no u32. */
  | "ERR_SHARDED_MAP_KEY"
  /** A method that takes or returns slot numbers was called outside a guard (`enter`). */
  | "ERR_SHARDED_MAP_NO_GUARD"
  /** `init` or a predicate, which run under a shard's lock, called a writer of the same map. */
  | "ERR_SHARDED_MAP_REENTRANT"
  /** The map was disposed of inside a guard. */
  | "ERR_SHARDED_MAP_IN_GUARD"
  /** A guard of a map that this thread has disposed of. */
  | "ERR_SHARDED_MAP_DISPOSED";

/** Misuse of a map. A full table, a busy shard and an absent key are returned, never thrown. */
export class ShardedMapError extends Error {
  readonly code: ShardedMapErrorCode;

  constructor(code: ShardedMapErrorCode, message: string) {
    super(message);
    this.name = "ShardedMapError";
    this.code = code;
  }
}
