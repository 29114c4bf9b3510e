/** Shorter intervals say little: processor time is published four times a second. */
const INTERVAL_MS = 1_000;

interface Look {
  readonly busyMs: number;
  readonly atMs: number;
  readonly load: number;
}

/** How busy each worker's thread was in the last second or so. */
export class WorkerLoads {
  readonly #looks: Look[] = [];

  /**
   * @param busyMs the thread's processor time so far
   * @param nowMs a monotonic time
   * @returns 0..1
   */
  read(index: number, busyMs: number, nowMs: number): number {
    const last = this.#looks[index];
    if (last !== undefined && nowMs - last.atMs < INTERVAL_MS) return last.load;
    const load =
      last === undefined ? 0 : Math.min(1, Math.max(0, (busyMs - last.busyMs) / (nowMs - last.atMs)));
    this.#looks[index] = { busyMs, atMs: nowMs, load };
    return load;
  }
}
