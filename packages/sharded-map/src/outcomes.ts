/** `getOrInsert`, `insert`: no entry could be added; the capacity is reached, or every spare slot still rests. */
export const FULL: -1 = -1;

/** `get`, `remove`, `resolve`, …: there is no such entry. */
export const ABSENT: -1 = -1;

/**
 * A writer found its key's shard locked by a thread that stands still (paused, or dead and not yet declared so). Only
 * that shard's newcomers and removals are refused; counted in `stats().busy`. Try again later.
 */
export const BUSY: -2 = -2;

/** `insert`, `rekey`: the key belongs to a live entry already. */
export const EXISTS: -3 = -3;
