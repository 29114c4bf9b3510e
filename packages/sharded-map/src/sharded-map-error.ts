/** What was misused. Codes are stable; messages are for people. */
export type ShardedMapErrorCode =
  | "ERR_SHARDED_MAP_OPTION"
  | "ERR_SHARDED_MAP_KEY_KIND"
  | "ERR_SHARDED_MAP_NO_GUARD"
  | "ERR_SHARDED_MAP_REENTRANT"
  | "ERR_SHARDED_MAP_IN_GUARD";

/** Thrown for misuse only: a full table, a busy shard and an absent key are returned, not thrown. */
export class ShardedMapError extends Error {
  readonly code: ShardedMapErrorCode;

  constructor(code: ShardedMapErrorCode, message: string) {
    super(message);
    this.name = "ShardedMapError";
    this.code = code;
  }
}
